// Fails when what a browser fetches for a page is larger than promised,
// compressed: 60 KB for signing in, 260 KB for the largest page with all before.

import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const dist = new URL('../dist/', import.meta.url)
const read = (name) => readFileSync(new URL(name, dist))
const size = (names) => names.reduce((sum, name) => sum + gzipSync(read(name), { level: 9 }).length, 0)

const start = ['index.html', ...read('index.html').toString().matchAll(/\/console\/(assets\/[^"]+\.(?:js|css))/g)].map((m) => (m === 'index.html' ? m : m[1]))
const entry = read(start.find((name) => /^assets\/index-.*\.js$/.test(name))).toString()
const all = JSON.parse(/m\.f=(\[[^\]]*\])/.exec(entry)[1])

/** The files of a page, beside those of the start. */
function filesOf(page) {
  const numbers = new RegExp(`import\\(.\\./${page}-[^)]*\\),__vite__mapDeps\\(\\[([\\d,]*)\\]\\)`).exec(entry)
  if (!numbers) throw new Error(`${page} is not loaded by the start`)
  return numbers[1].split(',').map((n) => all[Number(n)])
}
const load = (...pages) => size([...new Set([...start, ...pages.flatMap(filesOf)])])

const pages = readdirSync(new URL('../src/pages/', import.meta.url)).map((name) => name.replace('.vue', ''))
const gates = ['SignInPage', 'SetupPage', 'PasswordPage']
let failed = false
for (const page of pages) {
  const gate = gates.includes(page)
  const bytes = gate ? load(page) : load('ConsoleFrame', page)
  const most = (gate ? 60 : 260) * 1024
  console.log(`${String(bytes).padStart(7)}  ${page}${bytes > most ? '  TOO LARGE' : ''}`)
  failed ||= bytes > most
}
if (failed) process.exit(1)
