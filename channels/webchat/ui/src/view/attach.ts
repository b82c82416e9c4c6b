// Choosing what to send: the button, a pasted screenshot, a file dropped on the
// page; and a look at it before it goes.

import type { Picked } from '../chat'
import { describe, formatSize, isImage, mostFiles, refusal } from '../files'
import { fill } from '../i18n'
import type { Context } from './context'
import { h, icon } from './dom'

interface Choice extends Picked {
  wrong: string // why it cannot be sent
  url: string // of an image
}

export class Attach {
  readonly input: HTMLInputElement
  readonly drop: HTMLElement
  private depth = 0 // how many elements a dragged file is inside of

  constructor(private readonly ctx: Context, accept: string) {
    this.input = h('input', { type: 'file', multiple: true, accept, hidden: true, tabindex: '-1', 'aria-hidden': 'true' })
    this.input.addEventListener('change', () => {
      const files = Array.from(this.input.files ?? [])
      this.input.value = '' // the same file may be chosen again
      this.offer(files)
    })
    this.drop = h('div.drop', { hidden: true, 'aria-hidden': 'true' }, h('div.drop-box', null, icon('clip'), ctx.texts.dropHere))
  }

  choose(): void {
    this.input.click()
  }

  /** Takes files out of a paste; whether there were any. */
  pasted(e: ClipboardEvent): boolean {
    const files = Array.from(e.clipboardData?.files ?? [])
    if (files.length === 0) return false
    e.preventDefault()
    this.offer(files)
    return true
  }

  /** Nothing can be sent now. */
  off = false

  /** Lets files be dropped anywhere on the page. */
  listen(on: HTMLElement): void {
    const carries = (e: DragEvent) => !this.off && Array.from(e.dataTransfer?.types ?? []).includes('Files')
    const show = (depth: number) => {
      this.depth = depth
      this.drop.hidden = depth <= 0
    }
    on.addEventListener('dragenter', (e) => carries(e) && (e.preventDefault(), show(this.depth + 1)))
    on.addEventListener('dragover', (e) => carries(e) && e.preventDefault())
    on.addEventListener('dragleave', (e) => carries(e) && show(this.depth - 1))
    on.addEventListener('drop', (e) => {
      if (!carries(e)) return
      e.preventDefault()
      show(0)
      this.offer(Array.from(e.dataTransfer?.files ?? []))
    })
  }

  /** Shows what is about to be sent. */
  offer(files: File[]): void {
    if (files.length === 0) return
    const t = this.ctx.texts
    if (files.length > mostFiles) this.ctx.toast(fill(t.fileMany, mostFiles))
    let choices = files.slice(0, mostFiles).map((content) => this.look(content))
    const drop = (c: Choice) => c.url && URL.revokeObjectURL(c.url)
    this.ctx.sheet(t.attachTitle, (close) => {
      const list = h('div.attach-list', { role: 'list' })
      const send = h('button.button.primary', { type: 'button' })
      const paint = () => {
        const good = choices.filter((c) => !c.wrong)
        list.replaceChildren(...choices.map((c) => this.row(c, () => ((choices = choices.filter((x) => x !== c)), drop(c), choices.length > 0 ? paint() : close()))))
        send.textContent = choices.length > 1 ? `${t.send} (${good.length})` : t.send
        send.disabled = good.length === 0
      }
      send.addEventListener('click', () => {
        send.disabled = true // the sheet takes a moment to go
        close()
        this.ctx.chat.sendFiles(choices.filter((c) => !c.wrong))
        choices.forEach(drop)
        this.ctx.focusComposer()
      })
      paint()
      return h(
        'div.sheet-body',
        null,
        list,
        h('div.sheet-words', null, fill(t.attachLimit, formatSize(this.ctx.chat.fileLimit))),
        h('div.sheet-buttons', null, h('button.button', { type: 'button', onclick: () => (close(), choices.forEach(drop)) }, t.cancel), send),
      )
    }, 'button.primary')
  }

  private look(content: File): Choice {
    const t = this.ctx.texts
    const limit = this.ctx.chat.fileLimit
    const wrong = { '': '', empty: t.fileEmpty, kind: t.fileKind, large: fill(t.fileLarge, formatSize(limit)) }[refusal(content, limit)]
    return { content, wrong, url: !wrong && isImage(describe(content).type) ? URL.createObjectURL(content) : '', width: 0, height: 0 }
  }

  private row(c: Choice, remove: () => void): HTMLElement {
    const f = describe(c.content)
    const face = c.url ? h('img', { alt: '' }) : icon(c.wrong ? 'alert' : 'file')
    if (face instanceof HTMLImageElement) {
      face.addEventListener('load', () => Object.assign(c, { width: face.naturalWidth, height: face.naturalHeight }))
      face.src = c.url
    }
    return h(
      c.wrong ? 'div.attach.wrong' : 'div.attach',
      { role: 'listitem' },
      h('div.attach-face', null, face),
      h('div.attach-words', null, h('div.attach-name', null, f.name), h('div.attach-note', null, c.wrong || formatSize(f.size))),
      h('button.icon-button', { type: 'button', 'aria-label': `${this.ctx.texts.remove} ${f.name}`, onclick: remove }, icon('close')),
    )
  }
}
