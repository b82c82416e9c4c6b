// The conversation at work: joins the store, the transport and the clock, and
// tells the view when something changed. It knows nothing of the document.

import type { Message, Option, Send, ServerFrame, Session } from './protocol'
import { openSession, type Profile } from './session'
import { newID, type Storage } from './storage'
import { Store, type Effect } from './store'
import { timeline, waitingFor, type Row } from './timeline'
import { Transport, type LinkState } from './transport'

const ackTimeout = 15_000
const deliveryPatience = 3_000
const resumePatience = 5_000
const dotsAfter = 300
const dotsAtMost = 25_000
const typingShown = 6_000
const typingEvery = 3_000

export interface ChatOptions {
  base: string
  profile: Profile
  kept: Storage // over sessions of the browser
  passing: Storage // of this tab
  fetch?: typeof fetch
  WebSocket?: typeof WebSocket
  changed(): void
  arrived(messages: Message[]): void
  rejected(text: string): void
  greeting(s: Session): void
}

export class Chat {
  readonly store = new Store()
  link: LinkState = { mode: 'connecting' }
  hot: Option[] = []
  limit = 500
  fresh = false // the visitor asked for a new start
  loadingHistory = false

  private readonly transport: Transport
  private readonly tokenKey: string
  private readonly outboxKey: string
  private readonly fetcher: typeof fetch
  private visitor = ''
  private token = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private resumeTimer: ReturnType<typeof setTimeout> | undefined
  private typingUntil = 0
  private typed = 0
  private historyNumber = 0
  private suggestNumber = 0
  private suggested: ((options: Option[]) => void) | undefined
  private seen = 0
  private asked = new Map<string, number>() // when this page sent what, by its own clock

  constructor(private readonly o: ChatOptions) {
    this.tokenKey = 'faqbot.token.' + o.profile.account
    this.outboxKey = 'faqbot.outbox.' + o.profile.account
    this.token = o.kept.get(this.tokenKey)
    this.store.restore(o.passing.get(this.outboxKey))
    this.fetcher = o.fetch ?? window.fetch.bind(window)
    this.transport = new Transport({
      base: o.base,
      fetch: this.fetcher,
      WebSocket: 'WebSocket' in o ? o.WebSocket : window.WebSocket,
      open: () => openSession(this.fetcher, o.base, o.kept.get(this.tokenKey) || this.token, o.profile),
      hello: () => ({
        t: 'hello',
        ...this.position(),
        profile: { page: o.profile.page, title: o.profile.title },
      }),
      position: () => this.position(),
      session: (s) => this.greet(s),
      frame: (f) => this.take(f),
      state: (s) => this.moved(s),
    })
  }

  start(): void {
    this.transport.start()
  }

  wake(): void {
    this.transport.wake()
  }

  reconnect(): void {
    this.transport.retry()
  }

  /** The visitor went to another page of the site. */
  visits(page: Pick<Profile, 'page' | 'title' | 'referrer'>): void {
    Object.assign(this.o.profile, page)
  }

  rows(now = Date.now()): Row[] {
    return timeline(this.store, { typing: this.typing(now), fresh: this.fresh })
  }

  get connected(): boolean {
    return this.transport.open
  }

  // ---- what the visitor does

  send(send: Send): void {
    const id = newID()
    this.store.add(id, send, Date.now())
    this.asked.set(id, Date.now())
    this.fresh = false
    this.pump()
  }

  retry(id: string): void {
    this.store.retry(id, Date.now())
    this.pump()
  }

  remove(id: string): void {
    this.store.remove(id)
    this.pump()
  }

  startAgain(): void {
    this.fresh = true
    this.o.changed()
  }

  /** Asks for questions like what is being typed; only the last call is answered. */
  suggest(text: string, done: (options: Option[]) => void): void {
    this.suggested = done
    this.transport.send({ t: 'suggest', n: ++this.suggestNumber, text })
  }

  /** Forgets the last call of suggest. */
  unsuggest(): void {
    this.suggestNumber++
    this.suggested = undefined
  }

  writing(): void {
    if (!this.store.conversation || Date.now() - this.typed < typingEvery) return
    this.typed = Date.now()
    this.transport.send({ t: 'typing' })
  }

  loadHistory(): void {
    const oldest = this.store.oldest
    if (this.loadingHistory || !this.store.more || !oldest) return
    const n = ++this.historyNumber
    const frame = { t: 'history' as const, n, conversation: oldest.conversation, before: oldest.seq }
    this.loadingHistory = this.transport.send(frame)
    this.o.changed()
    setTimeout(() => {
      if (this.loadingHistory && n === this.historyNumber) this.historyDone()
    }, 10_000)
  }

  private historyDone(): void {
    this.loadingHistory = false
    this.o.changed()
  }

  /** All that is painted has been looked at. */
  look(): void {
    const { conversation, after, read } = this.store
    if (after <= Math.max(read, this.seen) || !this.transport.send({ t: 'read', seq: after, conversation })) return
    this.seen = after
    this.store.read = after
    this.o.changed()
  }

  // ---- what the server says

  private greet(s: Session): void {
    // Another visitor than before: nothing of the old one may stay.
    if (this.visitor && s.visitor !== this.visitor) this.store.forget()
    this.visitor = s.visitor
    this.token = s.token
    this.o.kept.set(this.tokenKey, s.token)
    this.hot = s.hot
    this.limit = s.limits.text
    this.o.greeting(s)
    this.o.changed()
  }

  private position() {
    const { conversation, after } = this.store
    return { conversation, after }
  }

  private take(f: ServerFrame): void {
    const now = Date.now()
    if (f.t === 'typing') this.typingUntil = f.author === 'visitor' ? 0 : now + typingShown
    if (f.t === 'suggestions' && f.n === this.suggestNumber) this.suggested?.(f.options)
    if (f.t === 'history') {
      if (f.n !== this.historyNumber || !this.loadingHistory) return
      this.loadingHistory = false
    }
    if (f.t === 'ready') this.seen = 0
    if (f.t === 'messages') clearTimeout(this.resumeTimer)
    const conversation = this.store.conversation
    for (const e of this.store.apply(f, now)) this.carry(e)
    if (conversation !== this.store.conversation) this.seen = 0
    this.pump()
  }

  private carry(e: Effect): void {
    switch (e.do) {
      case 'resume':
        this.transport.send({ t: 'resume', conversation: e.conversation, after: e.after })
        clearTimeout(this.resumeTimer)
        this.resumeTimer = setTimeout(() => this.transport.restart(), resumePatience)
        break
      case 'restart':
        this.store.forget()
        this.transport.restart()
        break
      case 'arrived':
        this.typingUntil = 0
        this.o.arrived(e.messages)
        break
      case 'rejected':
        this.o.rejected(e.pending.error)
        break
    }
  }

  private moved(s: LinkState): void {
    this.link = s
    if (!this.transport.open) {
      this.store.disconnected(Date.now())
      this.loadingHistory = false
      clearTimeout(this.resumeTimer)
    }
    this.pump()
  }

  /** Sends what can be sent, keeps what must be kept, and sets the next alarm. */
  private pump(): void {
    const now = Date.now()
    const next = this.transport.open ? this.store.next(now) : undefined
    if (next && this.transport.send({ t: 'send', id: next.id, ...next.send })) this.store.sent(next.id, now)
    this.o.passing.set(this.outboxKey, this.store.save())
    this.alarm(now)
    this.o.changed()
  }

  private alarm(now: number): void {
    clearTimeout(this.timer)
    const times: number[] = []
    if (this.transport.open) {
      const sending = this.store.outbox.find((p) => p.state === 'sending')
      const acked = this.store.outbox.find((p) => p.state === 'acked')
      const wake = this.store.wakeAt()
      if (sending) times.push(sending.since + ackTimeout)
      else if (wake) times.push(wake)
      if (acked) times.push(acked.since + deliveryPatience)
    }
    const waiting = this.waitingSince()
    if (waiting > 0) times.push(...[waiting + dotsAfter, waiting + dotsAtMost].filter((t) => t > now))
    if (this.typingUntil > now) times.push(this.typingUntil)
    if (times.length > 0) this.timer = setTimeout(() => this.ring(), Math.max(20, Math.min(...times) - now))
  }

  private ring(): void {
    const now = Date.now()
    if (this.transport.open) {
      const silent = this.store.outbox.some((p) => p.state === 'sending' && now - p.since >= ackTimeout)
      if (silent) return this.transport.restart()
      for (const e of this.store.overdue(now, deliveryPatience)) this.carry(e)
    }
    this.pump()
  }

  private typing(now: number): boolean {
    if (!this.transport.open) return false
    const waiting = this.waitingSince()
    return this.typingUntil > now || (waiting > 0 && now - waiting >= dotsAfter && now - waiting < dotsAtMost)
  }

  /** Since when the visitor waits for an answer, or 0. */
  private waitingSince(): number {
    return this.asked.get(waitingFor(this.store)) ?? 0
  }
}
