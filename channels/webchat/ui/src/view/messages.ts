// The list of messages: rows in, elements out. A row is built again only when
// something in it changed; the rest of the page stays as it is.

import { sanitize } from '../sanitize'
import { formatTime } from '../time'
import { anchorFor, rest, type Anchor } from '../scroll'
import { fill } from '../i18n'
import type { Message } from '../protocol'
import type { MessageRow, Row } from '../timeline'
import { initial } from '../service'
import * as cards from './cards'
import type { Context } from './context'
import { h, icon, type IconName } from './dom'
import { isMedia, media, progress } from './media'

const nearBottom = 80

/** Pictures of the lines of the system. */
const signs: Record<string, IconName | undefined> = { queued: 'clock', notice: 'clock', transferred: 'swap', taken_over: 'headset', accepted: 'headset', requeued: 'refresh', returned: 'bot' }

export class MessageList {
  readonly list = h('div.list', { role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions' })
  readonly scroller = h('div.scroller', { tabindex: '-1' }, this.list)
  readonly pill: HTMLButtonElement
  private built = new Map<string, { signature: string; element: HTMLElement }>()
  private lastKey = ''
  private firstKey = ''
  private following = true
  private scrollTop = 0 // when it was last looked at
  private anchor: Anchor | undefined // what is read from its beginning

  constructor(private readonly ctx: Context) {
    this.list.setAttribute('aria-label', ctx.texts.messages)
    // Who works in the list reads no more: what opens there must not move away.
    this.list.addEventListener('click', () => this.release(), true)
    this.pill = h('button.pill', { type: 'button', hidden: true, onclick: () => this.toBottom(true) }, icon('down'), ctx.texts.newMessages)
    this.scroller.addEventListener('scroll', () => this.scrolled(), { passive: true })
    // Pictures, fonts and the keyboard change heights without a new row.
    if ('ResizeObserver' in window) {
      const watch = new ResizeObserver(() => this.following && this.settle())
      watch.observe(this.list)
      watch.observe(this.scroller)
    }
  }

  /** Whether the visitor sees the last message, or as much of it as fits. */
  get seesLast(): boolean {
    const last = this.built.get(this.lastKey)?.element
    return this.atBottom || (last !== undefined && last.offsetTop < this.scroller.scrollTop + this.scroller.clientHeight * 0.6)
  }

  private get atBottom(): boolean {
    const s = this.scroller
    return s.scrollHeight - s.scrollTop - s.clientHeight < nearBottom
  }

  toBottom(smooth = false): void {
    this.following = true
    this.anchor = undefined
    this.pill.hidden = true
    const still = window.matchMedia('(prefers-reduced-motion: reduce)').matches
    if (smooth && !still && 'scrollBehavior' in document.documentElement.style) this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: 'smooth' })
    else this.scroller.scrollTop = this.scroller.scrollHeight
  }

  /** Goes to the newest exchange: to its beginning, if it is new. */
  toLatest(): void {
    this.following = true
    this.pill.hidden = true
    this.settle()
  }

  private get bottom(): number {
    return this.scroller.scrollHeight - this.scroller.clientHeight
  }

  private get rest(): number {
    const top = (key = '') => this.built.get(key)?.element.offsetTop
    const question = top(this.anchor?.question)
    // A provisional answer gives its place to the real one.
    const tops = question === undefined ? undefined : { question, reply: top(this.anchor?.reply) ?? question }
    return rest(this.bottom, this.scroller.clientHeight, tops)
  }

  private settle(): void {
    this.scroller.scrollTop = this.rest
  }

  private release(): void {
    if (!this.anchor) return
    this.following = this.following && this.rest >= this.bottom - 2
    this.anchor = undefined
  }

  private scrolled(): void {
    const away = this.scroller.scrollTop - this.rest
    if (away > 2) this.anchor = undefined
    // What grew below moves nothing; only who scrolls up wants to stay there.
    const up = this.scroller.scrollTop < this.scrollTop - 2
    this.scrollTop = this.scroller.scrollTop
    const stays = this.anchor === undefined ? this.following && !up : away > -2
    this.following = this.atBottom || stays
    if (this.atBottom) this.pill.hidden = true
    if (this.scroller.scrollTop < 40 && !this.following) this.ctx.chat.loadHistory()
  }

  render(rows: Row[]): void {
    const before = { height: this.scroller.scrollHeight, top: this.scroller.scrollTop }
    const hides = this.anchor !== undefined && this.rest < this.bottom - 2
    const first = rows.find((r) => r.type === 'message')?.key ?? ''
    const last = [...rows].reverse().find((r) => r.type === 'message')
    const prepended = this.firstKey !== '' && first !== this.firstKey && this.built.has(this.firstKey)
    if (prepended) this.list.setAttribute('aria-live', 'off')
    this.place(rows)
    for (const row of rows) if (row.type === 'message' && row.pending?.state === 'uploading') progress(this.built.get(row.key)!.element, this.ctx.chat.progress(row.pending.id))
    if (prepended) {
      this.scroller.scrollTop = before.top + this.scroller.scrollHeight - before.height
      setTimeout(() => this.list.setAttribute('aria-live', 'polite'), 100)
    }
    const known = this.lastKey
    this.firstKey = first
    this.lastKey = last?.key ?? ''
    if (last && last.key !== known) this.follow(rows, last as MessageRow, known, hides)
    else if (this.following) this.settle()
  }

  /** A new last message: go there, or say that it is there. */
  private follow(rows: Row[], last: MessageRow, known: string, hides: boolean): void {
    if (last.message.author === 'visitor') return this.toBottom()
    if (!this.following || hides) {
      this.pill.hidden = this.seesLast
      return
    }
    this.anchor = anchorFor(rows, known, this.anchor)
    this.settle()
  }

  private place(rows: Row[]): void {
    const keys = new Set(rows.map((r) => r.key))
    for (const [key, known] of this.built) {
      if (keys.has(key)) continue
      known.element.remove()
      this.built.delete(key)
    }
    let before: HTMLElement | undefined
    for (const row of rows) {
      const element = this.element(row)
      const here: ChildNode | null = before ? before.nextSibling : this.list.firstChild
      if (element !== here) this.list.insertBefore(element, here)
      before = element
    }
  }

  private element(row: Row): HTMLElement {
    const signature = this.signature(row)
    const known = this.built.get(row.key)
    if (known?.signature === signature) return known.element
    const element = this.build(row)
    if (known) {
      element.classList.add('still') // no entrance twice
      const focused = known.element.contains(document.activeElement)
      known.element.replaceWith(element)
      if (focused) element.querySelector<HTMLElement>('button:not([disabled]), a[href]')?.focus({ preventScroll: true })
    }
    this.built.set(row.key, { signature, element })
    return element
  }

  private signature(row: Row): string {
    switch (row.type) {
      case 'more':
        return String(this.ctx.chat.loadingHistory)
      case 'welcome':
        return this.ctx.texts.welcome + JSON.stringify(this.ctx.chat.hot)
      case 'time':
        return new Date().toDateString()
      case 'typing':
        return row.author
      case 'message':
        return JSON.stringify(row)
    }
  }

  private build(row: Row): HTMLElement {
    const { texts, chat } = this.ctx
    switch (row.type) {
      case 'more':
        return h(
          'div.line',
          null,
          h('button.link', { type: 'button', disabled: chat.loadingHistory, onclick: () => chat.loadHistory() }, chat.loadingHistory ? texts.loading : texts.older),
        )
      case 'time':
        return h('div.line.time', null, formatTime(row.at, Date.now(), texts, this.ctx.language))
      case 'welcome':
        return this.frameOf('bot', true, texts.botName, texts.botLabel, h('div.bubble.welcome', null, h('div.plain', null, texts.welcome)), chat.hot.length > 0 && cards.hotQuestions(this.ctx))
      case 'typing':
        return this.typing(row.author)
      case 'message':
        return this.message(row)
    }
  }

  private typing(author: 'bot' | 'agent'): HTMLElement {
    const { texts, chat } = this.ctx
    const human = author === 'agent'
    const dots = h('div.bubble.dots', { role: 'img', 'aria-label': human ? texts.writing : texts.typing }, h('i'), h('i'), h('i'))
    const nick = human ? chat.store.service.nick : ''
    return this.frameOf(author, true, human ? nick || texts.agentName : texts.botName, human ? texts.agentLabel : texts.botLabel, dots)
  }

  /** A message in its place: avatar, name and label on the first of a group. */
  private frameOf(author: string, first: boolean, name: string, label: string, ...content: (HTMLElement | false | undefined)[]): HTMLElement {
    const human = author === 'agent'
    const picture = human && name !== this.ctx.texts.agentName ? h('b', null, initial(name)) : icon(human ? 'headset' : 'bot')
    const face = h('div.avatar', { 'aria-hidden': 'true' }, first ? picture : null)
    const head = first && h('div.who', null, h('span.who-name', null, name), h('span.who-label', null, label))
    return h(`div.row.from-${author}`, first ? { 'data-first': true } : null, face, h('div.stack', null, head, ...content))
  }

  private message(row: MessageRow): HTMLElement {
    const { message: m, first } = row
    const { texts } = this.ctx
    if (m.author === 'visitor') return this.own(row)
    if (m.author === 'system') return this.system(row)
    const human = m.author === 'agent'
    const e = this.frameOf(
      m.author,
      first,
      (human && m.card.nick) || (human ? texts.agentName : texts.botName),
      human ? texts.agentLabel : texts.botLabel,
      this.bubble(row),
    )
    if (row.provisional) e.classList.add('provisional')
    return e
  }

  private system(row: MessageRow): HTMLElement {
    const { message: m, fate } = row
    const again = m.kind === 'closed' && fate.last
    const sign = signs[m.kind]
    const face = m.card.nick && (m.kind === 'accepted' || m.kind === 'taken_over') ? h('b.line-face', { 'aria-hidden': 'true' }, initial(m.card.nick)) : sign && icon(sign)
    return h(
      'div.line.system',
      { 'data-kind': m.kind },
      h('span', null, face, this.told(m)),
      again ? h('button.button.again', { type: 'button', onclick: () => (this.ctx.chat.startAgain(), this.ctx.focusComposer()) }, this.ctx.texts.again) : null,
    )
  }

  /** The words of a line of the system. Those of the server are in simplified Chinese, and a place in the queue in them grows old. */
  private told(m: Message): string {
    const t = this.ctx.texts
    const own: Record<string, string> = {
      queued: t.queued, accepted: fill(t.accepted, m.card.nick || t.agentName), taken_over: fill(t.takenOver, m.card.nick || t.agentName),
      transferred: t.transferred, requeued: t.requeued, returned: m.card.reason === 'visitor' ? t.unqueued : t.returned, closed: t.closed,
    }
    if (m.kind === 'queued') return t.queued
    return (this.ctx.language === 'zh-CN' && m.text) || own[m.kind] || m.text
  }

  private bubble(row: MessageRow): HTMLElement {
    const { message: m, fate } = row
    const box = h('div.bubble', { 'data-kind': m.kind })
    const own = m.kind === 'survey' && this.ctx.language !== 'zh-CN' ? this.ctx.texts.surveyTitle : ''
    const words = own || m.html || m.text ? this.words(own ? '' : m.html, own || m.text) : null
    if (words) box.append(words)
    if (isMedia(m)) box.append(media(this.ctx, row))
    const add = (e: HTMLElement | undefined) => e && box.append(e)
    switch (m.kind) {
      case 'offer':
        add(cards.offer(this.ctx, m, fate))
        break
      case 'ask_solved':
        add(cards.askSolved(this.ctx, m, fate))
        break
      case 'leave_form':
        add(cards.leaveForm(this.ctx, m, fate))
        break
      case 'survey':
        add(cards.survey(this.ctx, m, fate))
        break
    }
    add(cards.actions(this.ctx, m, fate))
    if (m.kind === 'answer') {
      if (m.card.options.length > 0) add(cards.related(this.ctx, m.card.options))
      if (m.seq > 0 && m.author === 'bot') add(cards.votes(this.ctx, m, fate))
    }
    if (row.provisional) box.append(h('div.provisional-note', null, icon('clock'), this.ctx.texts.provisional))
    return box
  }

  private words(html: string, text: string): HTMLElement {
    if (!html) return h('div.plain', null, text)
    const box = h('div.rich')
    box.append(sanitize(html, (src, alt) => this.picture(src, alt)))
    return box
  }

  private picture(src: string, alt: string): HTMLElement {
    const { texts } = this.ctx
    const img = h('img', { alt: alt || texts.image, loading: 'lazy', decoding: 'async', referrerpolicy: 'no-referrer' })
    const button = h('button.picture', { type: 'button', 'aria-label': `${texts.imageOpen} ${alt}`.trim(), onclick: () => this.ctx.picture(src, alt) }, img)
    img.addEventListener('error', () => button.replaceWith(h('span.picture-broken', null, icon('alert'), alt || texts.imageBroken)))
    img.src = src
    return button
  }

  private own(row: MessageRow): HTMLElement {
    const { message: m, pending } = row
    const { texts } = this.ctx
    if (m.kind === 'form') return h('div.line.system', { 'data-kind': m.kind }, h('span', null, icon('note'), texts.formDone), this.trouble(row))
    const content = isMedia(m) ? media(this.ctx, row) : m.kind === 'leave' ? cards.leaveSummary(this.ctx, m) : h('div.plain', null, m.kind === 'handoff' ? m.text || texts.handoff : m.text)
    const bubble = h('div.bubble', { 'data-kind': m.kind }, content)
    const state = pending?.state ?? 'acked'
    const line = h('div.bubble-line', null, row.read ? h('span.tick.seen', null, icon('read'), texts.read) : this.tick(state), bubble)
    return h(`div.row.from-visitor.is-${state}`, row.first ? { 'data-first': true } : null, h('div.stack', null, line, this.trouble(row)))
  }

  private tick(state: string): HTMLElement {
    const { texts } = this.ctx
    if (state === 'acked') return h('span.tick', null, icon('check', texts.sent))
    if (state === 'failed') return h('span.tick', null, icon('alert', texts.failed))
    return h('span.tick', null, icon('clock', texts.sending))
  }

  /** What went wrong with the visitor's message, and what can be done. */
  private trouble(row: MessageRow): HTMLElement | null {
    const { texts, chat } = this.ctx
    const p = row.pending
    if (p?.state === 'unsaved') return h('div.trouble.soft', null, h('span', null, texts.unsaved))
    if (p?.state !== 'failed') return null
    const file = row.message.card.file
    const lost = file !== undefined && file.id === '' && !chat.holds(p.id)
    return h(
      'div.trouble',
      { role: 'alert' },
      h('span', null, p.error || (lost ? texts.fileLost : file ? texts.fileFailed : texts.failed)),
      !lost && h('button.link', { type: 'button', onclick: () => chat.retry(p.id) }, texts.retry),
      h('button.link', { type: 'button', onclick: () => chat.remove(p.id) }, texts.remove),
    )
  }
}
