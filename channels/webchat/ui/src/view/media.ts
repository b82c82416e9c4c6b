// Images and files inside messages.

import { formatSize } from '../files'
import type { FileInfo, Message } from '../protocol'
import type { MessageRow } from '../timeline'
import type { Context } from './context'
import { h, icon } from './dom'

const widest = 220
const highest = 260
const least = 72

/** The size an image is painted in, so that nothing moves when it has come. */
export function fit(width: number, height: number): { width: number; height: number } {
  if (width <= 0 || height <= 0) return { width: 160, height: 120 }
  const scale = Math.min(1, widest / width, highest / height)
  const between = (n: number, most: number) => Math.round(Math.min(most, Math.max(least, n * scale)))
  return { width: between(width, widest), height: between(height, highest) }
}

export const isMedia = (m: Message): boolean => (m.kind === 'image' || m.kind === 'file') && m.card.file !== undefined

/** The content of a message that is an image or a file. */
export function media(ctx: Context, row: MessageRow): HTMLElement {
  const file = row.message.card.file!
  const key = file.id || row.message.id // before it is uploaded it has the id of its message
  const content = row.message.kind === 'image' ? image(ctx, file, key) : paper(ctx, file)
  if (row.pending?.state === 'uploading') {
    content.append(h('div.progress', { role: 'progressbar', 'aria-label': ctx.texts.uploading, 'aria-valuemin': '0', 'aria-valuemax': '100' }, h('i')))
    progress(content, ctx.chat.progress(row.pending.id))
  }
  return content
}

/** Shows how much has been uploaded. */
export function progress(inside: HTMLElement, part: number): void {
  const bar = inside.querySelector<HTMLElement>('.progress')
  if (!bar) return
  bar.setAttribute('aria-valuenow', String(Math.round(part * 100)))
  bar.querySelector('i')!.style.width = `${Math.round(part * 100)}%`
}

function image(ctx: Context, file: FileInfo, key: string): HTMLElement {
  const t = ctx.texts
  const img = h('img', { alt: '', decoding: 'async' })
  const label = `${t.imageOpen} ${file.name}`
  const button = h('button.picture.sent', { type: 'button', 'aria-label': label }, img)
  const size = fit(file.width, file.height)
  const known = file.width > 0
  const hold = (on: boolean) => {
    button.style.width = on ? `${size.width}px` : ''
    button.style.height = on ? `${size.height}px` : ''
    button.classList.toggle('held', on)
  }
  hold(known)
  button.classList.add('loading')
  img.addEventListener('load', () => button.classList.remove('loading'))
  img.addEventListener('error', () => broken())
  const box = h('div.media', null, button)
  const broken = () => {
    button.replaceWith(h('button.picture-broken', { type: 'button', onclick: () => box.replaceWith(image(ctx, file, key)) }, icon('refresh'), t.imageBroken))
  }
  const show = (url: string) => (img.src = url)
  const near = ctx.chat.files.at(key)
  if (near) show(near)
  else ctx.chat.files.get(key).then(show, broken)
  button.addEventListener('click', () => {
    ctx.chat.files.get(key).then((url) => ctx.picture(url, file.name), () => ctx.toast(t.downloadFailed))
  })
  return box
}

/** The ending of a name, for the picture of a file. */
const ending = (name: string): string => (/\.([A-Za-z0-9]{1,4})$/.exec(name)?.[1] ?? '').toUpperCase()

const tones: [RegExp, string][] = [
  [/pdf/, 'red'], [/word|msword/, 'blue'], [/sheet|excel/, 'green'], [/presentation|powerpoint/, 'orange'], [/audio|video/, 'violet'],
]

function paper(ctx: Context, file: FileInfo): HTMLElement {
  const t = ctx.texts
  const tone = tones.find(([type]) => type.test(file.type))?.[1] ?? 'grey'
  const words = [
    h('span.file-face', { 'data-tone': tone, 'aria-hidden': 'true' }, icon('file'), h('b', null, ending(file.name))),
    h('span.file-words', null, h('span.file-name', null, file.name), h('span.file-size', null, formatSize(file.size))),
  ]
  if (!file.id) return h('div.media.file', null, ...words)
  const button = h('button.media.file', { type: 'button', 'aria-label': `${t.download} ${file.name} ${formatSize(file.size)}` }, ...words, icon('download'))
  button.addEventListener('click', () => {
    button.setAttribute('aria-busy', 'true')
    const over = () => button.removeAttribute('aria-busy')
    ctx.chat.files.get(file.id).then((url) => (over(), save(url, file.name)), () => (over(), ctx.toast(t.downloadFailed)))
  })
  return button
}

function save(url: string, name: string): void {
  const a = h('a', { href: url, download: name })
  document.body.append(a)
  a.click()
  a.remove()
}
