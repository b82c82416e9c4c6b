// The state of the conversation as this page knows it. Pure: no clock, no
// network, no document. Frames go in, effects come out; what is kept obeys the
// rules of doc.go: by seq, each once, never past a gap.

import { onError, readFile, type ErrorFrame, type FileInfo, type Message, type Send, type ServerFrame } from './protocol'
import { phaseOf, serviceOf, type Place, type Service } from './service'

/** A message of the visitor that is not yet known to be in the conversation. */
export interface Pending {
  id: string
  at: number
  send: Send
  /**
   * uploading: its file is on the way, or is to be. queued: to be sent. sending: sent, no reply yet. acked: on the server's disk,
   * its message is on the way. unsaved: the server cannot store now, tried again
   * by itself. failed: refused, the visitor decides.
   */
  state: 'uploading' | 'queued' | 'sending' | 'acked' | 'unsaved' | 'failed'
  error: string
  notBefore: number
  tries: number
  since: number // when the state began
  conversation: string // of the ack
  file?: FileInfo // what is sent, without an id until it is uploaded
}

/** What has not been stored yet, as the message it will be. */
export function asMessage(p: Pending, conversation: string): Message {
  const s = p.send
  return {
    conversation: s.conversation ?? conversation, seq: 0, id: p.id, author: 'visitor', kind: s.kind, text: s.text ?? '', html: '', at: p.at,
    card: {
      of: s.of ?? 0, entry: s.entry ?? '', question: '', options: [], actions: [], yes: s.yes,
      stars: s.stars ?? 0, tags: s.tags ?? [], name: s.name ?? '', contact: s.contact ?? '', until: 0, file: p.file,
      nick: '', place: 0, low: 0, high: 0, reason: '',
    },
  }
}

/** What the owner of a Store has to do. */
export type Effect =
  | { do: 'resume'; conversation: string; after: number }
  | { do: 'restart' } // come back as one that has nothing
  | { do: 'arrived'; messages: Message[] } // new ones of others, while connected
  | { do: 'rejected'; pending: Pending } // of something not painted as a bubble

/** Kinds of the visitor that change another message instead of being one. */
const marks = new Set(['feedback', 'solved', 'rating', 'close', 'unqueue'])
export const isMark = (kind: string): boolean => marks.has(kind)

/** Lines of the system that somebody waits for. */
const news = new Set(['accepted', 'taken_over', 'requeued', 'returned'])
const isNews = (m: Message): boolean => m.author === 'bot' || m.author === 'agent' || (m.author === 'system' && news.has(m.kind))

export const markKey = (kind: string, conversation: string, of: number): string => `${kind}/${conversation}/${of}`

/** A file as it was kept; one that is not uploaded has no id. */
function readKept(v: unknown): FileInfo | undefined {
  const kept = v ? readFile({ ...(v as object), id: (v as FileInfo).id || '-' }) : undefined
  return kept && { ...kept, id: kept.id === '-' ? '' : kept.id }
}

export class Store {
  conversation = ''
  after = 0
  read = 0
  more = false
  messages: Message[] = []
  outbox: Pending[] = []
  /** Answers that are shown but not kept, by the id of the visitor's message. */
  provisional = new Map<string, Message[]>()
  /** The place in the queue, while it is known. */
  place: Place | undefined
  /** The last message of this conversation that the agent has seen. */
  seen = 0
  /** Why a mark was refused, by markKey. */
  refused = new Map<string, string>()

  private held = new Map<number, Message>()
  private past = new Set<string>() // conversations before this one
  private asked = -1 // the "after" of the resume in flight
  private replaced = new Set<string>() // ids of stored messages whose provisional answers still show

  /** Whether the server has said which conversation there is, if any. */
  met = false

  /** Takes a frame in. */
  apply(f: ServerFrame, now: number): Effect[] {
    switch (f.t) {
      case 'ready':
        return this.ready(f)
      case 'message':
        return this.live([f.message])
      case 'messages':
        return this.resumed(f.conversation, f.messages)
      case 'history':
        this.prepend(f.messages, f.more)
        return []
      case 'ack':
        this.acked(f, now)
        return []
      case 'provisional':
        if (this.find(f.id)) this.provisional.set(f.id, f.messages)
        return []
      case 'queue':
        if (f.conversation === this.conversation) this.place = { state: f.state, ahead: f.ahead, low: f.low, high: f.high }
        return []
      case 'seen':
        if (f.conversation === this.conversation) this.seen = Math.max(this.seen, f.seq)
        return []
      case 'error':
        return this.failed(f, now)
    }
    return []
  }

  /** Who has the conversation. */
  get service(): Service {
    return serviceOf(this.messages, this.conversation, this.place !== undefined)
  }

  /** Whether the visitor has said not to wait any more, and no reply came yet. */
  get unqueues(): boolean {
    return this.outbox.some((p) => p.send.kind === 'unqueue')
  }

  /** Forgets the conversation, not what is still to be sent. */
  forget(): void {
    this.conversation = ''
    this.after = this.read = this.seen = 0
    this.place = undefined
    this.more = false
    this.messages = []
    this.held.clear()
    this.past.clear()
    this.provisional.clear()
    this.replaced.clear()
    this.refused.clear()
    this.asked = -1
  }

  // ---- messages

  private ready(f: Extract<ServerFrame, { t: 'ready' }>): Effect[] {
    const fresh = f.reset || f.conversation !== this.conversation
    if (fresh) {
      this.forget()
      this.conversation = f.conversation
      this.after = f.messages.length > 0 ? f.messages[0]!.seq - 1 : f.seq
      this.more = f.more
    }
    this.met = true
    this.asked = -1
    this.held.clear()
    this.place = undefined // comes again after ready, if the visitor still waits
    this.read = Math.max(this.read, f.read)
    // Acknowledged ones are on the disk, and the server has just told all it has.
    this.outbox = this.outbox.filter((p) => p.state !== 'acked')
    const arrived = this.take(f.messages)
    const effects = this.gap(f.seq)
    return fresh ? effects : [...this.arrival(arrived), ...effects]
  }

  private live(messages: Message[]): Effect[] {
    const arrived = this.take(messages)
    return [...this.arrival(arrived), ...this.gap(0)]
  }

  private resumed(conversation: string, messages: Message[]): Effect[] {
    if (conversation !== this.conversation) return []
    const asked = this.asked
    this.asked = -1
    const arrived = this.take(messages)
    // The reply did not help: what is missing cannot be had.
    if (this.held.size > 0 && this.after === asked) return [{ do: 'restart' }]
    return [...this.arrival(arrived), ...this.gap(0)]
  }

  /** Takes messages in order, holds back those past a gap, returns the new ones. */
  private take(messages: Message[]): Message[] {
    const before = this.messages.length
    for (const m of messages) {
      if (m.seq <= 0 || m.conversation === '') continue
      if (m.conversation !== this.conversation) {
        if (this.past.has(m.conversation)) {
          this.insert(m)
          continue
        }
        this.begin(m.conversation)
      }
      if (m.seq > this.after) this.held.set(m.seq, m)
      this.drain()
    }
    return this.messages.slice(before)
  }

  /** Puts a late message into an earlier conversation: a rating of it, mostly. */
  private insert(m: Message): void {
    this.settle(m)
    const last = this.messages.map((x) => x.conversation).lastIndexOf(m.conversation)
    if (last >= 0 && (this.messages[last]!.seq < m.seq)) this.messages.splice(last + 1, 0, m)
  }

  /** A new conversation begins; the messages of the old one stay on the page. */
  private begin(conversation: string): void {
    if (this.conversation) this.past.add(this.conversation)
    this.conversation = conversation
    this.after = this.read = this.seen = 0
    this.place = undefined
    this.held.clear()
    this.asked = -1
  }

  private drain(): void {
    for (let m = this.held.get(this.after + 1); m; m = this.held.get(this.after + 1)) {
      this.held.delete(m.seq)
      this.after = m.seq
      this.messages.push(m)
      this.settle(m)
      this.turns(m)
    }
  }

  /** What a new message says about the queue and the agent. */
  private turns(m: Message): void {
    if (m.author === 'agent') this.seen = m.seq // who answers has read
    const phase = phaseOf(m)
    if (!phase) return
    this.place = phase === 'queue' && m.card.place > 0 ? { state: '', ahead: m.card.place - 1, low: m.card.low, high: m.card.high } : undefined
  }

  /** Compares a painted message with what is waiting for it. */
  private settle(m: Message): void {
    if (m.author === 'visitor') {
      this.outbox = this.outbox.filter((p) => p.id !== m.id)
      if (this.provisional.has(m.id)) this.replaced.add(m.id)
      return
    }
    // The real answer has come.
    for (const id of this.replaced) this.provisional.delete(id)
    this.replaced.clear()
  }

  private arrival(messages: Message[]): Effect[] {
    const others = messages.filter(isNews)
    return others.length > 0 ? [{ do: 'arrived', messages: others }] : []
  }

  /** Asks once for what lies between the painted and the held messages. */
  private gap(seq: number): Effect[] {
    if ((this.held.size === 0 && seq <= this.after) || this.asked === this.after) return []
    this.asked = this.after
    return [{ do: 'resume', conversation: this.conversation, after: this.after }]
  }

  /** The first message to ask older ones for. */
  get oldest(): Message | undefined {
    return this.messages[0]
  }

  private prepend(messages: Message[], more: boolean): void {
    const known = new Set(this.messages.map((m) => `${m.conversation}/${m.seq}`))
    const older = messages.filter((m) => m.seq > 0 && !known.has(`${m.conversation}/${m.seq}`))
    for (const m of older) if (m.conversation !== this.conversation) this.past.add(m.conversation)
    this.messages = [...older, ...this.messages]
    this.more = more && older.length > 0
  }

  /** How many messages of others have not been seen. */
  unread(): number {
    return this.messages.filter(
      (m) => m.conversation === this.conversation && m.seq > this.read && isNews(m),
    ).length
  }

  // ---- the outbox

  private find(id: string): Pending | undefined {
    return this.outbox.find((p) => p.id === id)
  }

  /** Adds a message; one with a file without an id waits for its upload. */
  add(id: string, send: Send, now: number, file?: FileInfo): void {
    // Something new is a reason to try all again at once, so that the order stays.
    for (const p of this.outbox) if (p.state === 'unsaved') p.notBefore = 0
    this.outbox.push({
      id, send, at: now, state: file && !send.file ? 'uploading' : 'queued', error: '', notBefore: 0, tries: 0, since: now, conversation: '', file,
    })
  }

  /** The file of a message is on the server: the message can go. */
  uploaded(id: string, file: FileInfo, now: number): void {
    const p = this.find(id)
    if (p?.state !== 'uploading') return
    p.file = file
    p.send = { ...p.send, file: file.id }
    this.turn(p, 'queued', now)
  }

  /** The file of a message could not be uploaded. */
  notUploaded(id: string, error: string, now: number): void {
    const p = this.find(id)
    if (p?.state !== 'uploading') return
    p.error = error
    this.turn(p, 'failed', now)
  }

  /** The one to send now. One at a time, so that the server gets them in order. */
  next(now: number): Pending | undefined {
    if (this.outbox.some((p) => p.state === 'sending')) return undefined
    for (const p of this.outbox) {
      if (p.state === 'unsaved' && p.notBefore <= now) return p
      if (p.state === 'queued') return p.notBefore <= now ? p : undefined
    }
    return undefined
  }

  /** When next may return something, or 0. */
  wakeAt(): number {
    let earliest = Infinity
    for (const p of this.outbox) {
      if (p.state === 'queued' || p.state === 'unsaved') earliest = Math.min(earliest, p.notBefore)
      if (p.state === 'queued') break // those behind it wait for it
    }
    return earliest === Infinity ? 0 : earliest
  }

  sent(id: string, now: number): void {
    const p = this.find(id)
    if (p) this.turn(p, 'sending', now)
  }

  private turn(p: Pending, state: Pending['state'], now: number): void {
    p.state = state
    p.since = now
  }

  /** The connection is gone: what had no reply is to be sent again. */
  disconnected(now: number): void {
    for (const p of this.outbox) if (p.state === 'sending') this.turn(p, 'queued', now)
  }

  retry(id: string, now: number): void {
    const p = this.find(id)
    if (!p) return
    p.notBefore = 0
    p.error = ''
    if (p.state === 'failed') this.turn(p, p.file && !p.send.file ? 'uploading' : 'queued', now)
  }

  remove(id: string): void {
    this.outbox = this.outbox.filter((p) => p.id !== id)
    this.provisional.delete(id)
  }

  private acked(f: Extract<ServerFrame, { t: 'ack' }>, now: number): void {
    const p = this.find(f.id)
    if (!p) return
    this.turn(p, 'acked', now)
    p.conversation = f.conversation
    if (f.at > 0) p.at = f.at
    // Of earlier conversations the server tells nothing more.
    if (isMark(p.send.kind) && f.conversation !== this.conversation) this.insert({ ...asMessage(p, f.conversation), seq: f.seq })
    if (this.messages.some((m) => m.author === 'visitor' && m.id === f.id)) this.remove(f.id)
  }

  /** Acknowledged messages that do not come are asked for, or all is read anew. */
  overdue(now: number, patience: number): Effect[] {
    const late = this.outbox.find((p) => p.state === 'acked' && now - p.since >= patience)
    if (!late) return []
    late.since = now
    if (late.conversation !== this.conversation) return [{ do: 'restart' }]
    return [{ do: 'resume', conversation: this.conversation, after: this.after }]
  }

  private failed(f: ErrorFrame, now: number): Effect[] {
    const p = f.id ? this.find(f.id) : undefined
    if (!p) return f.code === 4040 && this.conversation ? [{ do: 'restart' }] : []
    if (p.state === 'acked') return []
    p.tries++
    const pause = f.retryAfter > 0 ? f.retryAfter * 1000 : Math.min(30_000, 1500 * 2 ** (p.tries - 1))
    switch (onError(f.code)) {
      case 'fail':
        return this.refuse(p, f, now)
      case 'keep':
        this.turn(p, 'unsaved', now)
        break
      default:
        this.turn(p, 'queued', now)
    }
    p.notBefore = now + pause
    return []
  }

  private refuse(p: Pending, f: ErrorFrame, now: number): Effect[] {
    p.error = f.text
    this.turn(p, 'failed', now)
    // A form that was refused shows again, to be corrected.
    if (!isMark(p.send.kind) && p.send.kind !== 'form') return []
    this.remove(p.id)
    if (p.send.of) this.refused.set(markKey(p.send.kind, p.send.conversation ?? this.conversation, p.send.of), f.text)
    return [{ do: 'rejected', pending: p }]
  }

  /** What must survive a reload. */
  save(): string {
    const unsent = this.outbox.filter((p) => p.state !== 'acked')
    return unsent.length > 0 ? JSON.stringify(unsent.map(({ id, at, send, state, error, file }) => ({ id, at, send, state, error, file }))) : ''
  }

  /** Takes back what save returned. */
  restore(saved: string): void {
    let list: unknown
    try {
      list = JSON.parse(saved)
    } catch {
      return
    }
    if (!Array.isArray(list)) return
    for (const p of list as Pending[]) {
      if (!p || typeof p.id !== 'string' || !p.send || typeof p.send.kind !== 'string' || this.find(p.id)) continue
      this.add(p.id, p.send, Number(p.at) || 0, readKept(p.file))
      // The page has lost the content of what was not uploaded yet.
      if (p.file && !p.send.file) Object.assign(p, { state: 'failed', error: '' })
      if (p.state === 'failed') Object.assign(this.outbox[this.outbox.length - 1]!, { state: 'failed', error: String(p.error ?? '') })
    }
  }
}
