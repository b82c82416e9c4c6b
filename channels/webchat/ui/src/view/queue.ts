// The card that is there while the visitor waits for an agent: the place, an
// honest estimate, and the ways out.

import { fill } from '../i18n'
import { minutes } from '../service'
import { leaveFields } from './cards'
import type { Context } from './context'
import { h, icon } from './dom'

export class QueueCard {
  readonly element: HTMLElement
  // Only these are read out, and only when they change.
  private readonly words = h('div.queue-words', { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' })
  private readonly place = h('div.queue-place')
  private readonly wait = h('div.queue-wait')
  private readonly leave: HTMLButtonElement
  private readonly unqueue: HTMLButtonElement

  constructor(private readonly ctx: Context) {
    const t = ctx.texts
    this.leave = h('button.button.small', { type: 'button', onclick: () => this.askLeave() }, t.leaveInstead)
    this.unqueue = h('button.button.small.quiet', { type: 'button', onclick: () => this.ask() }, t.unqueue)
    this.words.append(this.place, this.wait)
    this.element = h(
      'section.queue',
      { hidden: true, 'aria-label': t.queueTitle },
      h('div.queue-mark', { 'aria-hidden': 'true' }, icon('headset')),
      this.words,
      h('div.queue-buttons', null, this.leave, this.unqueue),
      h('div.queue-bar', { 'aria-hidden': 'true' }),
    )
  }

  update(): void {
    const { store } = this.ctx.chat
    const waits = store.service.phase === 'queue'
    if (this.element.hidden === waits) this.element.hidden = !waits
    if (!waits) return
    const t = this.ctx.texts
    const leaving = store.unqueues
    const p = store.place
    const away = p !== undefined && p.state !== ''
    this.say(this.place, leaving ? t.queueLeaving : away ? t.queueNobody : !p ? t.queueTitle : p.ahead > 0 ? fill(t.queueAhead, p.ahead) : t.queueNext)
    const time = p && !away && !leaving ? minutes(p) : undefined
    this.say(this.wait, time === undefined ? '' : time ? fill(t.queueWait, time) : t.queueUnknown)
    this.leave.disabled = this.unqueue.disabled = leaving
    this.leave.classList.toggle('primary', away)
    this.element.classList.toggle('nobody', away)
  }

  private say(e: HTMLElement, text: string): void {
    if (e.textContent === text) return
    e.textContent = text
    e.classList.remove('changed')
    void e.offsetWidth // lets the animation begin anew
    e.classList.add('changed')
  }

  private ask(): void {
    const t = this.ctx.texts
    this.ctx.sheet(t.unqueueAsk, (close) =>
      h(
        'div.sheet-body',
        null,
        h('div.sheet-words', null, t.unqueueLose),
        h(
          'div.sheet-buttons',
          null,
          h('button.button', { type: 'button', onclick: () => (close(), this.stop()) }, t.unqueue),
          h('button.button.primary', { type: 'button', onclick: close }, t.unqueueStay),
        ),
      ),
    )
  }

  /** Stops waiting, unless that was over meanwhile. */
  private stop(): void {
    const { store } = this.ctx.chat
    if (store.service.phase === 'queue' && !store.unqueues) this.ctx.chat.send({ kind: 'unqueue' })
  }

  private askLeave(): void {
    let left = false // the sheet takes a moment to go
    this.ctx.sheet(this.ctx.texts.leaveTitle, (close) =>
      leaveFields(this.ctx, 'leave/queue', (message) => {
        if (left) return
        left = true
        close()
        this.stop() // first, so that nobody takes it up twice
        this.ctx.drafts.delete('leave/queue')
        this.ctx.chat.send(message)
      }),
    )
  }
}
