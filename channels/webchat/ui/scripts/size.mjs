// Fails when the first load of the widget is larger than promised: at most 60 KB
// in all and 4 KB for the loader, compressed.

import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const size = (name) => gzipSync(readFileSync(new URL(name, dist)), { level: 9 }).length
const assets = readdirSync(new URL('assets/', dist)).filter((n) => n.startsWith('frame-')).map((n) => 'assets/' + n)
const files = ['widget.js', 'frame.html', ...assets].map((name) => ({ name, bytes: size(name) }))
const total = files.reduce((sum, f) => sum + f.bytes, 0)

for (const f of files) console.log(`${String(f.bytes).padStart(7)}  ${f.name}`)
console.log(`${String(total).padStart(7)}  in all, gzip`)
if (assets.length < 2 || total > 60 * 1024 || size('widget.js') > 4 * 1024) {
  console.error('too large, or something is missing')
  process.exit(1)
}
