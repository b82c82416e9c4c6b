// The conversation at work: joins the store, the transport and the clock, and
// tells the view when something changed. It knows nothing of the document.

import { describe, Files, isImage, upload, type Upload } from './files'
import { onError, type Form, type Message, type Option, type Send, type ServerFrame, type Session } from './protocol'
import { openSession, RequestError, type Profile } from './session'
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
const uploadTries = 3
const uploadPause = 2_000

export interface ChatOptions {
  base: string
  profile: Profile
  kept: Storage // over sessions of the browser
  passing: Storage // of this tab
  fetch?: typeof fetch
  WebSocket?: typeof WebSocket
  XMLHttpRequest?: typeof XMLHttpRequest
  changed(): void
  arrived(messages: Message[]): void
  rejected(text: string): void
  greeting(s: Session): void
}

/** A file to be sent; width and height of an image, as far as they are known. */
export interface Picked {
  content: File
  width: number
  height: number
}

/** A file that is not on the server yet. */
interface Uploading {
  content: File
  part: number // that has gone, of 1
  tries: number
  running?: Upload
  timer?: ReturnType<typeof setTimeout>
}

export class Chat {
  readonly store = new Store()
  link: LinkState = { mode: 'connecting' }
  hot: Option[] = []
  /** What is to be filled in before a conversation, if anything is. */
  private wanted: Form | undefined
  limit = 500
  fileLimit = 10 << 20
  fresh = false // the visitor asked for a new start
  loadingHistory = false

  readonly files: Files

  private readonly transport: Transport
  private readonly tokenKey: string
  private readonly outboxKey: string
  private readonly formKey: string
  private readonly fetcher: typeof fetch
  private visitor = ''
  private token = ''
  private timer: ReturnType<typeof setTimeout> | undefined
  private resumeTimer: ReturnType<typeof setTimeout> | undefined
  private typingUntil = 0
  private typist: 'bot' | 'agent' = 'bot'
  private typed = 0
  private historyNumber = 0
  private suggestNumber = 0
  private suggested: ((options: Option[]) => void) | undefined
  private seen = 0
  private asked = new Map<string, number>() // when this page sent what, by its own clock
  private uploads = new Map<string, Uploading>() // by the id of the message

  constructor(private readonly o: ChatOptions) {
    this.tokenKey = 'faqbot.token.' + o.profile.account
    this.outboxKey = 'faqbot.outbox.' + o.profile.account
    this.formKey = 'faqbot.form.' + o.profile.account
    this.token = o.kept.get(this.tokenKey)
    this.store.restore(o.passing.get(this.outboxKey))
    this.fetcher = o.fetch ?? window.fetch.bind(window)
    this.files = new Files(this.fetcher, o.base, () => this.token)
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

  /** The form to be filled in now: of a visitor who has no conversation and did not fill one in here before. */
  get form(): Form | undefined {
    const { met, conversation, outbox } = this.store
    return met && conversation === '' && outbox.length === 0 && !this.o.kept.get(this.formKey) ? this.wanted : undefined
  }

  // ---- what the visitor does

  send(send: Send): void {
    const id = newID()
    this.store.add(id, send, Date.now())
    this.asked.set(id, Date.now())
    this.fresh = false
    this.pump()
  }

  /** Sends files, each as a message of its own. */
  sendFiles(contents: Picked[]): void {
    for (const { content, width, height } of contents) {
      const id = newID()
      const file = { ...describe(content), width, height }
      this.store.add(id, { kind: isImage(file.type) ? 'image' : 'file' }, Date.now(), file)
      this.uploads.set(id, { content, part: 0, tries: 0 })
      if (isImage(file.type)) this.files.put(id, content)
    }
    this.fresh = false
    this.pump()
  }

  /** How much of the file of a message has gone, of 1. */
  progress(id: string): number {
    return this.uploads.get(id)?.part ?? 0
  }

  /** Whether the content of a file that was not uploaded is still at hand. */
  holds(id: string): boolean {
    return this.uploads.has(id)
  }

  retry(id: string): void {
    const u = this.uploads.get(id)
    if (u) u.tries = 0
    this.store.retry(id, Date.now())
    this.pump()
  }

  remove(id: string): void {
    this.forget(id)
    this.store.remove(id)
    this.files.drop(id)
    this.pump()
  }

  private forget(id: string): void {
    const u = this.uploads.get(id)
    this.uploads.delete(id)
    clearTimeout(u?.timer)
    u?.running?.cancel()
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
    this.wanted = s.form
    this.limit = s.limits.text
    this.fileLimit = s.limits.file
    this.o.greeting(s)
    this.o.changed()
  }

  private position() {
    const { conversation, after } = this.store
    return { conversation, after }
  }

  private take(f: ServerFrame): void {
    const now = Date.now()
    if (f.t === 'typing') {
      this.typingUntil = f.author === 'visitor' ? 0 : now + typingShown
      this.typist = f.author === 'agent' ? 'agent' : 'bot'
    }
    if (f.t === 'suggestions' && f.n === this.suggestNumber) this.suggested?.(f.options)
    if (f.t === 'history') {
      if (f.n !== this.historyNumber || !this.loadingHistory) return
      this.loadingHistory = false
    }
    if (f.t === 'ready') this.seen = 0
    if (f.t === 'messages') clearTimeout(this.resumeTimer)
    if (f.t === 'ack' && this.store.outbox.some((p) => p.id === f.id && p.send.kind === 'form')) this.o.kept.set(this.formKey, '1')
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
    this.upload()
    const next = this.transport.open ? this.store.next(now) : undefined
    if (next && this.transport.send({ t: 'send', id: next.id, ...next.send })) this.store.sent(next.id, now)
    this.o.passing.set(this.outboxKey, this.store.save())
    this.alarm(now)
    this.o.changed()
  }

  /** Begins with the first file that waits; the next follows it. */
  private upload(): void {
    if (!this.transport.open) return
    for (const p of this.store.outbox) {
      const u = this.uploads.get(p.id)
      if (p.state !== 'uploading' || !u) continue
      if (!u.running && u.timer === undefined) void this.carryFile(p.id, u)
      return
    }
  }

  private async carryFile(id: string, u: Uploading): Promise<void> {
    u.tries++
    const progress = (part: number) => {
      u.part = part
      this.o.changed()
    }
    try {
      u.running = upload(this.o.XMLHttpRequest ?? XMLHttpRequest, this.o.base, this.token, u.content.name, u.content, progress)
      const file = await u.running.done
      if (!this.uploads.has(id)) return
      this.uploads.delete(id)
      this.files.rename(id, file.id)
      this.store.uploaded(id, file, Date.now())
    } catch (e) {
      u.running = undefined
      u.part = 0
      if (this.uploads.has(id)) this.notCarried(id, u, e as RequestError)
    }
    this.pump()
  }

  /** Tries a file again by itself, if that may help, and else leaves it to the visitor. */
  private notCarried(id: string, u: Uploading, e: RequestError): void {
    const hopeless = e.code > 0 && onError(e.code) === 'fail'
    if (hopeless || u.tries >= uploadTries) return this.store.notUploaded(id, e.message, Date.now())
    u.timer = setTimeout(() => {
      u.timer = undefined
      this.pump()
    }, e.retryAfter > 0 ? e.retryAfter * 1000 : uploadPause * u.tries)
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

  /** Who writes at the moment, as far as is known. */
  typing(now = Date.now()): false | 'bot' | 'agent' {
    if (!this.transport.open) return false
    if (this.typingUntil > now) return this.typist
    const waiting = this.waitingSince()
    return waiting > 0 && now - waiting >= dotsAfter && now - waiting < dotsAtMost && 'bot'
  }

  /** Since when the visitor waits for an answer, or 0. */
  private waitingSince(): number {
    return this.asked.get(waitingFor(this.store)) ?? 0
  }
}
