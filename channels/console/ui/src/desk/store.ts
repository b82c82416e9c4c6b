// The desk behind its pages: what there is, what came meanwhile, what is still to
// be sent. It knows nothing of how it looks; the pages watch its fields.
//
// The socket only wakes it up. After each gap and each reconnection it reads
// again, so that what it shows is what the server knows.

import { ApiError, textOf } from '../api'
import type { Calls, Upload } from './calls'
import type { Link, LinkEvents } from './link'
import type {
  Advice, Candidate, Customer, Delivery, DeskInfo, Fate, Favourite, FileInfo, Frame, Item, Leave, Line, Message, Phrase, Presence, Profile, Reach, Seat, Story,
  Summary, Target, TurnTrace,
} from './types'
import { nameOf, previewText, type Names, namesFrom } from './words'

export type ListName = 'mine' | 'queue' | 'leaves' | 'closed' | 'all'

/** Something that the agent should hear of. */
export interface Alert {
  kind: 'offer' | 'given' | 'message' | 'remind' | 'whisper' | 'leave'
  conversation: string
  title: string
  text: string
}

export interface DeskParts {
  calls: Calls
  connect(events: LinkEvents): Link
  alert(a: Alert): void
  /** Keeps drafts over a reload of the page. */
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  now(): number
  newID(): string
}

/** A line on its way to the server. */
export interface Pending {
  id: string
  conversation: string
  kind: Line['kind']
  text: string
  entry: string
  question: string
  file?: FileInfo
  content?: File
  /** An object URL at which the page can show the content; empty if it cannot. */
  address: string
  progress: number // of the upload, 0 to 1
  state: 'sending' | 'failed'
  tries: number
  trouble: string
  at: number
}

/** A conversation that was opened. */
export interface Talk {
  id: string
  messages: Message[]
  /** There are older ones. */
  more: boolean
  earlier: boolean // they are being fetched
  /** The story has come. */
  known: boolean
  trouble: string
  rule: string
  candidates: Candidate[]
  traces: TurnTrace[]
  customer: Customer
  proposed: Record<string, string>
  profile: Profile
  history: Item[]
  /** Since when the visitor types; 0 if not. */
  typingAt: number
  /** The last message that the visitor has seen. */
  visitorRead: number
  /** Why the conversation is not ours any more. */
  lost: string
  advice: { list: Advice[]; loading: boolean; trouble: string; seq: number }
  /** What may still be sent, if the channel has limits, and what became of lines. */
  reach: Reach | undefined
  fates: Map<number, Fate>
}

export interface ClosedList {
  ids: string[]
  more: boolean
  loading: boolean
  known: boolean
  trouble: string
}

const page = 200 // the server's lists
const talksKept = 12
const step = 50 // messages at a time
const triesAlone = 4
const typingEvery = 3_000
const deliveryEvery = 15_000
const deliverySoon = 5_000 // while something waits
const fatesRead = 200 // of the last messages
export const typingLasts = 5_000

export class DeskStore {
  phase: 'loading' | 'ready' | 'failed' | 'ended' = 'loading'
  trouble = ''
  /** The socket is down. */
  offline = false
  me = ''
  info: DeskInfo = {
    seat: { agent: '', nick: '', groups: [], most: 0, presence: 'offline', since: 0, seen_at: 0 },
    groups: [], accounts: [], fields: [], supervisor: false,
  }
  items = new Map<string, Item>()
  talks = new Map<string, Talk>()
  unread = new Map<string, number>()
  drafts = new Map<string, string>()
  outbox: Pending[] = []
  leaves: Leave[] = []
  phrases: Phrase[] = []
  favourites = new Set<string>() // entries
  closed: ClosedList = { ids: [], more: false, loading: false, known: false, trouble: '' }
  current = ''
  /** The desk changed the state without being asked: why. */
  notice = ''

  private link: Link | undefined
  private readonly parts: DeskParts
  private wanted: Presence | undefined
  private nicks = new Map<string, string>()
  private touched = new Map<string, number>()
  private frames = 0
  private opened: string[] = [] // the talks, the one seen last at the end
  private healing = new Set<string>()
  private sending = new Set<string>()
  private uploads = new Map<string, Upload>()
  private timers = new Set<ReturnType<typeof setTimeout>>()
  private readUpTo = new Map<string, number>()
  private typedAt = 0
  private favouring: Promise<void> = Promise.resolve() // the changes of favourites, one after the other
  private favoured = 0 // how many there were
  private follower: ReturnType<typeof setTimeout> | undefined
  private deliveries = 0 // how often they were asked for
  private begun = false

  constructor(parts: DeskParts) {
    this.parts = Object.freeze({ ...parts })
  }

  // ── Beginning and end ──

  async start(me: string): Promise<void> {
    this.me = me
    this.phase = 'loading'
    this.trouble = ''
    try {
      this.know(await this.parts.calls.desk())
      await this.readLists()
    } catch (e) {
      this.phase = 'failed'
      this.trouble = textOf(e)
      return
    }
    this.phase = 'ready'
    this.restore()
    this.link ??= this.parts.connect({
      ready: () => this.linked(),
      frame: (f) => this.take(f),
      down: () => void (this.offline = true),
      over: (reason) => this.over(reason),
    })
    void this.readPhrases()
    void this.readFavourites().catch(() => {})
    void this.readLeaves()
  }

  stop(): void {
    this.link?.close()
    this.link = undefined
    this.phase = 'ended'
    for (const t of this.timers) clearTimeout(t)
    clearTimeout(this.follower)
    this.timers.clear()
  }

  /** Looks whether the link lives, after a sleep or when the network is back. */
  check(): void {
    this.link?.check()
  }

  private linked(): void {
    this.offline = false
    // What came between the first reading and the socket is read again too.
    if (this.begun) void this.parts.calls.desk().then((d) => this.know(d), () => {})
    this.begun = true
    void this.readLists().catch(() => this.later(2_000, () => this.readLists().catch(() => {})))
    void this.readLeaves()
    this.watch(this.current)
    for (const t of this.talks.values()) void (t.id === this.current ? this.refresh(t.id) : this.heal(t.id))
    for (const p of this.outbox) if (p.state === 'sending') void this.flush(p.conversation)
  }

  private over(reason: 'signed_out' | 'refused'): void {
    this.offline = true
    if (reason === 'refused') {
      this.trouble = '与服务器的连接被拒绝，请刷新页面'
      return
    }
    // Asking for anything brings the sign-in.
    void this.parts.calls.desk().catch(() => {})
  }

  private know(info: DeskInfo): void {
    this.info = info
    this.nicks = new Map(info.accounts.map((a) => [a.id, a.nick]))
  }

  get names(): Names {
    return namesFrom(this.nicks, this.info.groups)
  }

  get supervisor(): boolean {
    return this.info.supervisor
  }

  private later(pause: number, work: () => void): void {
    const t = setTimeout(() => {
      this.timers.delete(t)
      work()
    }, pause)
    this.timers.add(t)
  }

  // ── Lists ──

  /** Reads the open conversations again. What frames told meanwhile is newer. */
  async readLists(): Promise<void> {
    const began = this.frames
    const scopes = this.supervisor ? (['mine', 'queue', 'all'] as const) : (['mine', 'queue'] as const)
    const lists = await Promise.all(scopes.map((s) => this.parts.calls.list(s)))
    const found = new Set<string>()
    const whole = lists.every((l) => l.length < page)
    for (const item of lists.flat()) {
      found.add(item.id)
      if ((this.touched.get(item.id) ?? 0) <= began) this.put(item, false)
    }
    for (const [id, item] of this.items) {
      const news = (this.touched.get(id) ?? 0) > began
      if (item.state === 'open' && !found.has(id) && !news && (whole || item.owner === this.me)) this.items.delete(id)
    }
  }

  get mine(): Item[] {
    return this.some((i) => i.phase === 'agent' && i.owner === this.me).sort(byNeed)
  }

  get queue(): Item[] {
    return this.some((i) => i.phase === 'queued').sort((a, b) => b.rank - a.rank || a.queued_at - b.queued_at || (a.id < b.id ? -1 : 1))
  }

  get all(): Item[] {
    return this.some((i) => i.phase === 'agent').sort(byNeed)
  }

  /** What the agent is asked to take now, the most urgent first. */
  get offers(): Item[] {
    return this.some((i) => i.phase === 'queued' && i.offered_to === this.me).sort((a, b) => b.rank - a.rank || a.offered_until - b.offered_until)
  }

  /** What a visitor is called: as the customer is known, or as the channel says. */
  nameOf(item: Item): string {
    return this.talks.get(item.id)?.customer.fields['name'] || nameOf(item)
  }

  get ended(): Item[] {
    return this.closed.ids.flatMap((id) => this.items.get(id) ?? [])
  }

  get unreadTotal(): number {
    let n = 0
    for (const i of this.mine) n += this.unread.get(i.id) ?? 0
    return n
  }

  private some(which: (i: Item) => boolean): Item[] {
    return [...this.items.values()].filter((i) => i.state === 'open' && which(i))
  }

  async readClosed(earlier = false): Promise<void> {
    const c = this.closed
    if (c.loading) return
    c.loading = true
    c.trouble = ''
    try {
      const before = earlier ? (this.ended.at(-1)?.closed_at ?? 0) : 0
      const items = await this.parts.calls.list(this.supervisor ? 'all_closed' : 'closed', before)
      for (const i of items) this.store(i)
      c.ids = [...new Set([...(earlier ? c.ids : []), ...items.map((i) => i.id)])]
      c.more = items.length >= page
      c.known = true
    } catch (e) {
      c.trouble = textOf(e)
    } finally {
      c.loading = false
    }
  }

  async readLeaves(): Promise<void> {
    try {
      const before = new Set(this.leaves.map((l) => l.id))
      this.leaves = await this.parts.calls.leaves()
      const fresh = this.leaves.find((l) => l.agent === this.me && !before.has(l.id))
      if (fresh && this.begun) this.alert('leave', fresh.conversation, '有新的留言要答复', fresh.text)
    } catch {
      // The next news of them, or the next connection, tries again.
    }
  }

  async readPhrases(): Promise<void> {
    this.phrases = await this.parts.calls.phrases().catch(() => this.phrases)
  }

  /** Reads what the agent keeps at hand, with the answers for a channel. What was
   * kept or let go meanwhile is newer. */
  async readFavourites(channel = ''): Promise<Favourite[]> {
    await this.favouring
    const began = this.favoured
    const list = await this.parts.calls.favourites(channel)
    if (began === this.favoured) this.favourites = new Set(list.map((f) => f.id))
    return list
  }

  /** Keeps an entry at hand, or lets it go. It shows at once, and is taken back if
   * the server refuses. */
  favour(entry: string, keep: boolean): Promise<void> {
    const mark = (kept: boolean): void => void (kept ? this.favourites.add(entry) : this.favourites.delete(entry))
    const { putFavourite, dropFavourite } = this.parts.calls
    const change = this.favouring.then(() => (keep ? putFavourite(entry) : dropFavourite(entry)))
    this.favoured++
    this.favouring = change.catch(() => mark(!keep))
    mark(keep)
    return change
  }

  /** Takes an item over if it is not older than what is known. */
  private put(item: Item, news = true): void {
    const old = this.items.get(item.id)
    if (old && (item.seq < old.seq || (item.seq === old.seq && item.updated_at < old.updated_at))) return
    this.store(item)
    this.countUnread(item)
    if (news) this.tell(item, old)
    const talk = this.talks.get(item.id)
    if (talk?.known) {
      talk.visitorRead = Math.max(talk.visitorRead, item.read)
      if (item.owner === this.me || item.phase !== 'agent') talk.lost = ''
      if (item.seq > lastSeq(talk)) this.later(150, () => void this.heal(talk.id))
    }
  }

  /** Keeps an item. It is never changed, only replaced: whoever watches it need not
   * look inside, which counts when there are thousands. */
  private store(item: Item): void {
    this.items.set(item.id, Object.freeze(completed(item, this.items.get(item.id))))
  }

  private countUnread(item: Item): void {
    const seen = Math.max(item.agent_read, this.readUpTo.get(item.id) ?? 0)
    if (item.owner !== this.me || item.phase !== 'agent' || item.seq <= seen) this.unread.delete(item.id)
    else if (item.last?.author === 'visitor' && item.id !== this.current) this.unread.set(item.id, Math.max(1, this.unread.get(item.id) ?? 0))
  }

  /** Says what is new about an item for this agent. */
  private tell(item: Item, old: Item | undefined): void {
    const offered = item.phase === 'queued' && item.offered_to === this.me
    if (offered && (old?.offered_to !== this.me || old.offered_until !== item.offered_until)) {
      this.alert('offer', item.id, '新会话等待接入：' + this.nameOf(item), previewText(item.last))
    }
    const own = (i: Item | undefined): boolean => i?.phase === 'agent' && i.owner === this.me
    if (own(item) && !own(old) && item.id !== this.current) {
      this.unread.set(item.id, Math.max(1, this.unread.get(item.id) ?? 0))
      this.alert('given', item.id, '新会话：' + this.nameOf(item), previewText(item.last))
    }
  }

  private alert(kind: Alert['kind'], conversation: string, title: string, text: string): void {
    this.parts.alert({ kind, conversation, title, text })
  }

  // ── Frames ──

  take(f: Frame): void {
    this.frames++
    switch (f.t) {
      case 'item':
        this.touched.set(f.item.id, this.frames)
        return this.put(f.item)
      case 'gone':
        this.touched.set(f.conversation, this.frames)
        return this.gone(f.conversation, f.nick ?? '')
      case 'message':
        return this.heard(f.message)
      case 'typing': {
        const talk = this.talks.get(f.conversation)
        if (talk) talk.typingAt = this.parts.now()
        return
      }
      case 'read': {
        const talk = this.talks.get(f.conversation)
        if (talk) talk.visitorRead = Math.max(talk.visitorRead, f.seq)
        return
      }
      case 'seat':
        return this.seated(f.seat)
      case 'leaves':
        return void this.readLeaves()
    }
  }

  /** A conversation is not to be seen in the open lists any more. */
  private gone(id: string, nick: string): void {
    const was = this.items.get(id)
    this.items.delete(id)
    this.unread.delete(id)
    const talk = this.talks.get(id)
    if (talk) {
      talk.lost = nick ? `${nick} 已接入这个会话` : '这个会话已不在您这里'
      // What somebody else has, only supervisors may read.
      if (this.supervisor || (!nick && was?.owner === this.me)) void this.refresh(id)
    }
    if (was?.phase === 'agent' && was.owner === this.me && this.closed.known) void this.readClosed()
  }

  private heard(m: Message): void {
    const talk = this.talks.get(m.conversation)
    const known = talk ? m.seq <= lastSeq(talk) : false
    if (talk?.known) this.append(talk, [m])
    const item = this.items.get(m.conversation)
    const own = item?.phase === 'agent' && item.owner === this.me
    if (!own || known) return
    if (m.kind === 'whisper' && m.card?.agent !== this.me) this.alert('whisper', m.conversation, '班长密语', m.text)
    if (m.kind === 'reminded') this.alert('remind', m.conversation, `${this.nameOf(item)} 在等您回复`, previewText(item.last))
    if (m.author !== 'visitor') return
    if (talk) talk.typingAt = 0
    if (m.conversation !== this.current) this.unread.set(m.conversation, (this.unread.get(m.conversation) ?? 0) + 1)
    this.alert('message', m.conversation, this.nameOf(item), m.text || previewText({ ...m, file: m.card?.file }))
  }

  private seated(seat: Seat): void {
    if (seat.agent !== this.me) return
    const before = this.info.seat.presence
    this.info.seat = seat
    if (seat.presence === before || seat.presence === this.wanted) return
    void this.explain(seat)
  }

  /** Says why the state changed: the log knows who did it. */
  private async explain(seat: Seat): Promise<void> {
    if (seat.presence === 'online' || seat.presence === 'resting') return void (this.notice = '')
    const log = await this.parts.calls.presenceLog(seat.since).catch(() => [])
    const by = log.at(-1)?.by
    if (by && by !== this.me) this.notice = `${this.names.nick(by)} 把您的状态改成了${seat.presence === 'away' ? '离开' : '离线'}`
    else if (seat.presence === 'away') this.notice = '您有一次没有接入，已设为离开'
    else this.notice = '连接中断过，已设为离线'
  }

  // ── State of the agent ──

  async setPresence(to: Presence): Promise<void> {
    const before = this.info.seat
    this.wanted = to
    this.notice = ''
    this.info.seat = { ...before, presence: to, since: this.parts.now() }
    try {
      this.info.seat = await this.parts.calls.presence(to)
    } catch (e) {
      this.info.seat = before
      throw e
    } finally {
      this.wanted = undefined
    }
  }

  // ── The conversation that is open ──

  get talk(): Talk | undefined {
    return this.talks.get(this.current)
  }

  owns(id: string): boolean {
    const i = this.items.get(id)
    return i?.state === 'open' && i.phase === 'agent' && i.owner === this.me
  }

  open(id: string): void {
    this.current = id
    clearTimeout(this.follower)
    this.watch(id)
    if (!id) return
    this.opened = [...this.opened.filter((o) => o !== id), id]
    for (const old of this.opened.splice(0, Math.max(0, this.opened.length - talksKept))) this.talks.delete(old)
    const fresh = !this.talks.has(id)
    if (fresh) this.talks.set(id, emptyTalk(id))
    void this.refresh(id)
  }

  private watch(id: string): void {
    this.link?.send({ t: 'watch', conversation: id })
  }

  /** Reads the story of a conversation, or what is new in it. */
  async refresh(id: string): Promise<void> {
    const talk = this.talks.get(id)
    if (!talk) return
    try {
      const story = await this.parts.calls.story(id)
      this.learn(talk, story)
    } catch (e) {
      if (!talk.known) talk.trouble = textOf(e)
      if (e instanceof ApiError && e.status === 404) talk.lost ||= '这个会话已不在您这里'
    }
  }

  private learn(talk: Talk, s: Story): void {
    const { rule, candidates, traces, proposed, profile, history } = s
    Object.assign(talk, { rule, candidates, traces, customer: s.customer, proposed: proposed ?? {}, profile, history })
    this.note(talk, s.delivery)
    talk.trouble = ''
    const fresh = !talk.known
    talk.known = true
    if (fresh || (s.messages[0]?.seq ?? 0) > lastSeq(talk) + 1) {
      talk.messages = s.messages
      talk.more = s.more
      this.settle(s.messages)
    } else {
      this.append(talk, s.messages)
    }
    if (s.item.state === 'closed' || s.item.owner === this.me) talk.lost = ''
    const known = this.items.get(talk.id)
    if (!known || s.item.seq >= known.seq) this.store(s.item)
    talk.visitorRead = Math.max(talk.visitorRead, s.item.read)
    this.follow(talk)
    this.adviseAgain(talk)
  }

  private note(talk: Talk, d: Delivery): void {
    talk.reach = d.reach
    for (const f of d.fates) talk.fates.set(f.seq, f)
  }

  /** Reads what may be sent and what became of messages, now and, as long as the
   * talk is open, again and again: nothing tells of it. */
  async readDelivery(id: string, from = 0, to = 0): Promise<void> {
    const talk = this.talks.get(id)
    if (!talk?.reach) return
    const last = to || lastSeq(talk)
    const asked = ++this.deliveries
    try {
      const d = await this.parts.calls.delivery(id, from || Math.max(talk.messages[0]?.seq ?? 1, last - fatesRead), last)
      // Of two answers that pass each other, the one that was asked for last holds.
      if (asked === this.deliveries || to) this.note(talk, to ? { ...d, reach: talk.reach } : d)
    } catch {
      // The next time tells.
    }
    this.follow(talk)
  }

  private follow(talk: Talk): void {
    if (talk.id !== this.current) return
    clearTimeout(this.follower)
    if (!talk.reach || this.phase === 'ended' || this.items.get(talk.id)?.state === 'closed') return
    const waits = talk.reach.waiting > 0 || [...talk.fates.values()].some((f) => f.state === 'waiting')
    this.follower = setTimeout(() => void this.readDelivery(talk.id), waits ? deliverySoon : deliveryEvery)
  }

  /** Adds messages in their order. A gap is filled from the server. */
  private append(talk: Talk, messages: readonly Message[]): void {
    const before = lastSeq(talk)
    for (const m of messages) {
      const last = lastSeq(talk)
      if (m.seq <= last) continue
      if (m.seq > last + 1) return void this.heal(talk.id)
      talk.messages.push(m)
      this.settle([m])
    }
    if (lastSeq(talk) > before) void this.readDelivery(talk.id)
    this.adviseAgain(talk)
  }

  /** Takes what has arrived out of the outbox. */
  private settle(messages: readonly Message[]): void {
    const ids = new Set(messages.filter((m) => m.author === 'agent').map((m) => m.id))
    for (const p of this.outbox.filter((o) => ids.has(o.id))) this.forget(p.id)
  }

  private forget(id: string): void {
    const p = this.outbox.find((o) => o.id === id)
    if (p?.address) URL.revokeObjectURL(p.address)
    this.outbox = this.outbox.filter((o) => o.id !== id)
  }

  /** Reads what comes after the last message that is there. */
  async heal(id: string): Promise<void> {
    const talk = this.talks.get(id)
    if (!talk?.known || this.healing.has(id)) return
    this.healing.add(id)
    try {
      for (;;) {
        const after = lastSeq(talk)
        const messages = await this.parts.calls.after(id, after, step)
        const fresh = messages.filter((m) => m.seq > lastSeq(talk))
        talk.messages.push(...fresh)
        this.settle(fresh)
        if (fresh.length > 0) void this.readDelivery(id)
        if (messages.length < step || fresh.length === 0) break
      }
      this.adviseAgain(talk)
    } catch {
      if (!this.offline) this.later(2_000, () => void this.heal(id))
    } finally {
      this.healing.delete(id)
    }
  }

  /** Fetches older messages. */
  async earlier(id: string): Promise<void> {
    const talk = this.talks.get(id)
    if (!talk?.more || talk.earlier) return
    talk.earlier = true
    try {
      const first = talk.messages[0]?.seq ?? 1
      const older = await this.parts.calls.before(id, first, step)
      talk.messages = [...older.filter((m) => m.seq < first), ...talk.messages]
      talk.more = older.length >= step && (older[0]?.seq ?? 1) > 1
      void this.readDelivery(id, older[0]?.seq, older.at(-1)?.seq)
    } finally {
      talk.earlier = false
    }
  }

  /** The agent has the last message before their eyes. */
  sawAll(id: string): void {
    this.unread.delete(id)
    const talk = this.talks.get(id)
    const item = this.items.get(id)
    if (!talk?.known || !this.owns(id)) return
    const seq = lastSeq(talk)
    if (seq <= Math.max(this.readUpTo.get(id) ?? 0, item?.agent_read ?? 0)) return
    this.readUpTo.set(id, seq)
    void this.parts.calls.read(id, seq).catch(() => this.readUpTo.delete(id))
  }

  private adviseAgain(talk: Talk): void {
    if (talk.advice.seq !== (lastAsked(talk)?.seq ?? 0)) void this.advise(talk.id)
  }

  /** Reads what may answer the last words of the visitor. */
  async advise(id: string): Promise<void> {
    const talk = this.talks.get(id)
    const open = this.items.get(id)?.state === 'open'
    if (!talk || !open) return
    const a = talk.advice
    const asked = lastAsked(talk)
    const seq = asked?.seq ?? 0
    a.seq = seq
    if (!asked) return
    a.loading = true
    try {
      const list = await this.parts.calls.advice(id, asked.text)
      if (a.seq !== seq) return
      a.list = list
      a.trouble = ''
    } catch (e) {
      a.trouble = textOf(e)
    } finally {
      if (a.seq === seq) a.loading = false
    }
  }

  // ── Acts ──

  async accept(id: string): Promise<void> {
    await this.taking(id, () => this.parts.calls.accept(id))
  }

  async takeOver(id: string): Promise<void> {
    await this.taking(id, () => this.parts.calls.takeOver(id))
  }

  /** Whoever was faster has it: then it leaves the lists, and the words say who. */
  private async taking(id: string, take: () => Promise<Item>): Promise<void> {
    try {
      this.put(await take(), false)
      this.touched.set(id, ++this.frames)
    } catch (e) {
      if (e instanceof ApiError && e.code === 'taken') void this.readLists().catch(() => {})
      throw e
    }
    if (this.talks.has(id)) void this.refresh(id)
  }

  async pass(id: string): Promise<void> {
    const item = this.items.get(id)
    if (item) this.store({ ...item, offered_to: '', offered_until: 0 })
    await this.parts.calls.pass(id)
  }

  async transfer(id: string, to: Target, note: string): Promise<void> {
    await this.parts.calls.transfer(id, to, note)
    void this.readLists().catch(() => {})
    if (this.supervisor) void this.refresh(id)
  }

  async close(id: string, summary: Summary): Promise<void> {
    await this.parts.calls.close(id, summary)
    this.draft(id, '')
    void this.readLeaves()
    void this.readLists().catch(() => {})
    void this.refresh(id)
    if (this.closed.known) void this.readClosed()
  }

  async remark(id: string, kind: 'note' | 'whisper', text: string): Promise<void> {
    await this.parts.calls.remark(id, kind, text)
    void this.heal(id)
  }

  async answerLeave(id: string): Promise<Item> {
    const item = await this.parts.calls.answerLeave(id)
    this.put(item, false)
    void this.readLeaves()
    return item
  }

  /** Stores the card of the customer; what others changed meanwhile is kept. */
  async saveCustomer(id: string, change: Partial<Pick<Customer, 'fields' | 'tags' | 'level'>>): Promise<void> {
    const talk = this.talks.get(id)
    if (!talk) return
    try {
      talk.customer = await this.putCustomer(talk, change)
    } catch (e) {
      if (!(e instanceof ApiError) || e.status !== 409) throw e
      talk.customer = (await this.parts.calls.story(id)).customer
      talk.customer = await this.putCustomer(talk, change)
    }
    const fields = talk.customer.fields
    talk.proposed = Object.fromEntries(Object.entries(talk.proposed).filter(([name, value]) => fields[name] !== value))
  }

  private putCustomer(talk: Talk, change: Partial<Pick<Customer, 'fields' | 'tags' | 'level'>>): Promise<Customer> {
    const { fields, tags, level, updated_at } = talk.customer
    return this.parts.calls.saveCustomer(talk.id, { tags, level, updated_at, ...change, fields: { ...fields, ...change.fields } })
  }

  async addNote(id: string, text: string): Promise<void> {
    const customer = await this.parts.calls.addNote(id, text)
    const talk = this.talks.get(id)
    if (talk) talk.customer = customer
  }

  // ── Writing ──

  draft(id: string, text: string): void {
    if (text === (this.drafts.get(id) ?? '')) return
    if (text) this.drafts.set(id, text)
    else this.drafts.delete(id)
    this.keep('drafts', text || this.drafts.size > 0 ? JSON.stringify([...this.drafts]) : '')
  }

  /** Tells the visitor that somebody is writing, now and then. */
  typing(id: string): void {
    const now = this.parts.now()
    if (now - this.typedAt < typingEvery || !this.owns(id)) return
    this.typedAt = now
    void this.parts.calls.typing(id).catch(() => {})
  }

  say(id: string, text: string): void {
    this.send({ ...this.pending(id, 'text'), text })
  }

  answer(id: string, a: { entry: string; question: string; text: string }): void {
    this.send({ ...this.pending(id, 'answer'), text: a.text, entry: a.entry, question: a.question })
  }

  attach(id: string, content: File, address = ''): void {
    const kind = /^image\/(png|jpeg|gif|webp)$/.test(content.type) ? 'image' : 'file'
    this.send({ ...this.pending(id, kind), content, text: '', question: content.name, address })
  }

  private pending(conversation: string, kind: Line['kind']): Pending {
    return {
      id: this.parts.newID(), conversation, kind, text: '', entry: '', question: '', address: '',
      progress: 0, state: 'sending', tries: 0, trouble: '', at: this.parts.now(),
    }
  }

  private send(p: Pending): void {
    this.outbox.push(p)
    this.keepOutbox()
    void this.flush(p.conversation)
  }

  resend(id: string): void {
    const p = this.outbox.find((o) => o.id === id)
    if (!p) return
    Object.assign(p, { state: 'sending', tries: 0, trouble: '', progress: 0 })
    void this.flush(p.conversation)
  }

  /** Forgets a line that was not sent. */
  discard(id: string): void {
    this.uploads.get(id)?.cancel()
    this.forget(id)
    this.keepOutbox()
  }

  /** Sends what waits, one line after the other, so that their order stays. */
  private async flush(conversation: string): Promise<void> {
    if (this.sending.has(conversation)) return
    this.sending.add(conversation)
    try {
      for (;;) {
        const p = this.outbox.find((o) => o.conversation === conversation && o.state === 'sending')
        if (!p) return
        if (!(await this.attempt(p))) return
      }
    } finally {
      this.sending.delete(conversation)
      this.keepOutbox()
    }
  }

  /** Sends one line. Returns whether to go on with the next. */
  private async attempt(p: Pending): Promise<boolean> {
    try {
      if (p.content && !p.file) p.file = await this.uploaded(p)
      const line: Line = { id: p.id, kind: p.kind }
      if (p.text) line.text = p.text
      if (p.entry) line.entry = p.entry
      if (p.file) line.file = p.file.id
      const { message } = await this.parts.calls.say(p.conversation, line)
      const talk = this.talks.get(p.conversation)
      if (talk?.known) this.append(talk, [message])
      this.forget(p.id)
      return true
    } catch (e) {
      return this.failed(p, e)
    }
  }

  private failed(p: Pending, e: unknown): boolean {
    p.trouble = textOf(e)
    if (e instanceof ApiError && e.temporary && p.tries++ < triesAlone) {
      const pause = Math.max(1000 * 2 ** p.tries, e.retryAfter * 1000)
      this.later(pause, () => void this.flush(p.conversation))
      return false
    }
    p.state = 'failed'
    void this.readDelivery(p.conversation) // the channel may have refused it
    if (e instanceof ApiError && e.code === 'taken') void this.readLists().catch(() => {})
    return true
  }

  private async uploaded(p: Pending): Promise<FileInfo> {
    const upload = this.parts.calls.upload(p.conversation, p.question, p.content!, (part) => void (p.progress = part))
    this.uploads.set(p.id, upload)
    try {
      return await upload.done
    } finally {
      this.uploads.delete(p.id)
    }
  }

  // ── What outlives a reload ──

  private keep(what: 'drafts' | 'outbox', value: string): void {
    const key = `desk.${what}.${this.me}`
    try {
      if (value) this.parts.storage.setItem(key, value)
      else this.parts.storage.removeItem(key)
    } catch {
      // The storage is full or forbidden: the page keeps it as long as it is open.
    }
  }

  /** Lines that were not sent are sent after a reload; files are not kept. */
  private keepOutbox(): void {
    const lines = this.outbox.filter((p) => !p.content)
    this.keep('outbox', lines.length > 0 ? JSON.stringify(lines) : '')
  }

  private restore(): void {
    const read = <T>(what: string): T[] => {
      try {
        return JSON.parse(this.parts.storage.getItem(`desk.${what}.${this.me}`) ?? '[]') as T[]
      } catch {
        return []
      }
    }
    if (this.drafts.size === 0) this.drafts = new Map(read<[string, string]>('drafts'))
    if (this.outbox.length > 0) return
    this.outbox = read<Pending>('outbox')
    for (const p of this.outbox) if (p.state === 'sending') void this.flush(p.conversation)
  }
}

const emptyCustomer = (): Customer => ({ id: '', fields: {}, tags: [], notes: [], level: 0, updated_at: 0 })

const emptyTalk = (id: string): Talk => ({
  id, messages: [], more: false, earlier: false, known: false, trouble: '', rule: '', candidates: [], traces: [], customer: emptyCustomer(),
  proposed: {}, profile: {}, history: [], typingAt: 0, visitorRead: 0, lost: '', advice: { list: [], loading: false, trouble: '', seq: -1 },
  reach: undefined, fates: new Map(),
})

/** Only lists tell the preview and the place: else those known before hold. */
function completed(item: Item, old: Item | undefined): Item {
  if (item.last || !old) return item
  return { ...item, last: old.last, place: item.phase === 'queued' ? old.place : 0 }
}

export const lastSeq = (t: Pick<Talk, 'messages'>): number => t.messages.at(-1)?.seq ?? 0

const decisions = new Set(['answer', 'suggest', 'clarify', 'refuse'])

/** Whether the bot took a turn for a question. Others are wishes, such as 转人工. */
export const isQuestion = (t: TurnTrace): boolean => decisions.has(t.decision)

/** The visitor's last words that may be a question. */
export function lastAsked(t: Pick<Talk, 'messages' | 'traces'>): Message | undefined {
  const wishes = new Set(t.traces.filter((r) => !isQuestion(r)).map((r) => r.seq))
  for (let i = t.messages.length - 1; i >= 0; i--) {
    const m = t.messages[i]!
    if (m.author === 'visitor' && (m.kind === 'text' || m.kind === 'pick') && !wishes.has(m.seq)) return m
  }
  return undefined
}

/** Those who wait for an answer first, the longest wait before the others. */
function byNeed(a: Item, b: Item): number {
  if (!a.asked_at !== !b.asked_at) return a.asked_at ? -1 : 1
  return a.asked_at - b.asked_at || b.updated_at - a.updated_at || (a.id < b.id ? -1 : 1)
}
