// The slim bar that tells how the connection is, when there is something to tell.

import type { Context } from './context'
import { h } from './dom'

const patience = 900 // shorter troubles are not worth a word
const gladFor = 1800

export class Bar {
  readonly element = h('div.bar', { role: 'status', hidden: true })
  private troubled = false
  private once = false // it has been connected before
  private timer: ReturnType<typeof setTimeout> | undefined
  private mode = ''

  constructor(private readonly ctx: Context) {}

  update(): void {
    const link = this.ctx.chat.link
    const mode = link.mode === 'connecting' || link.mode === 'waiting' ? (navigator.onLine === false ? 'offline' : 'lost') : link.mode
    if (mode === this.mode) return
    this.mode = mode
    clearTimeout(this.timer)
    const t = this.ctx.texts
    switch (mode) {
      case 'online':
        this.once = true
        if (this.troubled) this.show('good', t.recovered)
        this.troubled = false
        this.timer = setTimeout(() => this.hide(), gladFor)
        break
      case 'fallback':
        this.once = this.troubled = true
        this.show('warn', t.fallback)
        this.timer = setTimeout(() => this.hide(), 4000)
        break
      case 'stopped':
        this.troubled = true
        this.show('bad', link.mode === 'stopped' ? link.text || (link.code === 4030 ? t.forbidden : t.stopped) : t.stopped, true)
        break
      default: {
        const text = mode === 'offline' ? t.offline : this.once ? t.reconnecting : t.connecting
        this.timer = setTimeout(() => {
          this.troubled = true
          this.show('wait', text)
        }, this.troubled ? 0 : patience)
      }
    }
  }

  private show(look: string, text: string, retry = false): void {
    const button = retry && h('button.link', { type: 'button', onclick: () => this.ctx.chat.reconnect() }, this.ctx.texts.retry)
    this.element.className = 'bar bar-' + look
    this.element.replaceChildren(h('span.bar-dot', { 'aria-hidden': 'true' }), h('span', null, text), button || '')
    this.element.hidden = false
  }

  private hide(): void {
    this.element.hidden = true
  }
}
