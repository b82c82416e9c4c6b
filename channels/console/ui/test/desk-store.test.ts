import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError } from '../src/api'
import type { Calls } from '../src/desk/calls'
import type { LinkEvents } from '../src/desk/link'
import { DeskStore, type Alert } from '../src/desk/store'
import type { Delivery, DeskInfo, Favourite, Item, Message, Scope, Story, TurnTrace } from '../src/desk/types'

const me = 'A1'
const start = 1_700_000_000_000

const item = (id: string, more: Partial<Item> = {}): Item => ({
  id, channel: 'web', account: '', visitor_name: '', phase: 'agent', state: 'open', group: '', owner: me, nick: '小李', offered_to: '', offered_until: 0,
  seq: 1, read: 0, agent_read: 0, rank: 0, reason: '', queued_at: 0, accepted_at: 0, asked_at: 0, spoken_at: 0, gone_at: 0, opened_at: start,
  updated_at: start, closed_at: 0, close_reason: '', leave: '', place: 0, ...more,
})

const message = (conversation: string, seq: number, more: Partial<Message> = {}): Message => ({
  conversation, seq, author: 'visitor', kind: 'text', text: `第 ${seq} 条`, at: start + seq, card: {}, ...more,
})

const info = (more: Partial<DeskInfo> = {}): DeskInfo => ({
  seat: { agent: me, nick: '小李', groups: [], most: 5, presence: 'online', since: start, seen_at: start },
  groups: [], accounts: [{ id: me, nick: '小李' }, { id: 'S1', nick: '王班长' }], fields: ['name', 'phone'], supervisor: false, ...more,
})

/** A server that keeps conversations and answers like the real one. */
class Server {
  lists: Record<Scope, Item[]> = { mine: [], queue: [], all: [], closed: [], all_closed: [] }
  messages = new Map<string, Message[]>()
  said: { conversation: string; id: string; text?: string; file?: string }[] = []
  fail: ApiError | undefined
  failAfterSaying = false
  supervisor = false
  presenceBy = ''
  asked: string[] = []
  closedPages: Item[][] = []
  favourites: string[] = []
  held: Promise<void> | undefined // what changes favourites waits for it
  conflict = 0
  delivery: Delivery = { fates: [] }
  traces: TurnTrace[] = []
  customer = { id: 'C', fields: {} as Record<string, string>, tags: [] as string[], notes: [], level: 0, updated_at: 1 }

  story(id: string): Story {
    const all = this.messages.get(id) ?? []
    const found = Object.values(this.lists).flat().find((i) => i.id === id) ?? item(id)
    return {
      item: { ...found, seq: Math.max(found.seq, all.at(-1)?.seq ?? 0), last: undefined }, messages: all.slice(-100), more: all.length > 100, rule: 'misses', candidates: [], traces: this.traces,
      customer: { ...this.customer, fields: { ...this.customer.fields } }, proposed: { phone: '13800000000' }, profile: {}, history: [], delivery: this.delivery,
    }
  }

  calls(): Calls {
    const check = (what: string): void => {
      this.asked.push(what)
      if (this.fail) throw this.fail
    }
    const say = async (conversation: string, line: { id: string; kind: string; text?: string; file?: string }) => {
      check('say')
      const all = this.messages.get(conversation) ?? []
      const before = all.find((m) => m.id === line.id)
      if (before) return { message: before, again: true }
      const m = message(conversation, (all.at(-1)?.seq ?? 0) + 1, { id: line.id, author: 'agent', kind: line.kind, text: line.text ?? '', card: { agent: me } })
      this.messages.set(conversation, [...all, m])
      this.said.push({ conversation, ...line })
      if (this.failAfterSaying) {
        this.failAfterSaying = false
        throw new ApiError(0, 'network', '网络连接失败')
      }
      return { message: m, again: false }
    }
    const calls: Partial<Calls> = {
      desk: async () => (check('desk'), info({ supervisor: this.supervisor })),
      list: async (scope, before) => {
        check('list ' + scope)
        if (scope === 'closed' && this.closedPages.length) return this.closedPages[before ? 1 : 0]!
        return this.lists[scope]
      },
      story: async (id) => (check('story ' + id), this.story(id)),
      after: async (id, seq, limit) => (check(`after ${seq}`), (this.messages.get(id) ?? []).filter((m) => m.seq > seq).slice(0, limit)),
      delivery: async (_id, from, to) => (check(`delivery ${from}-${to}`), this.delivery),
      before: async (id, seq, limit) => (check(`before ${seq}`), (this.messages.get(id) ?? []).filter((m) => m.seq < seq).slice(-limit)),
      say,
      advice: async (_id, text) => (check('advice ' + text), [{ entry: 'e', question: '问', confidence: 0.9, text: '答', html: '答' }]),
      read: async (_id, seq) => check(`read ${seq}`),
      typing: async () => check('typing'),
      leaves: async () => [],
      phrases: async () => [],
      favourites: async (channel) => {
        this.asked.push('favourites ' + channel)
        return this.favourites.map((id): Favourite => ({ id, question: id, category: '', text: '答', html: '答', gone: false }))
      },
      putFavourite: async (id) => (check('keep ' + id), await this.held, void (this.favourites = [id, ...this.favourites])),
      dropFavourite: async (id) => (check('drop ' + id), void (this.favourites = this.favourites.filter((f) => f !== id))),
      presence: async (presence) => (check('presence ' + presence), { ...info().seat, presence }),
      presenceLog: async () => [{ from: 'online', to: 'away', at: start, by: this.presenceBy }],
      accept: async (id) => {
        check('accept')
        const taken = { ...this.lists.queue.find((i) => i.id === id)!, phase: 'agent', owner: me, offered_to: '', seq: 9 }
        return taken as Item
      },
      pass: async () => check('pass'),
      saveCustomer: async (_id, c) => {
        check('save')
        if (this.conflict-- > 0) throw new ApiError(409, 'conflict', '刚刚被别人改过')
        this.customer = { ...this.customer, ...c, updated_at: this.customer.updated_at + 1 }
        return this.customer
      },
      upload: () => ({ done: Promise.resolve({ id: 'F1', name: 'a.png', type: 'image/png', size: 3 }), cancel: () => {} }),
    }
    return calls as Calls
  }
}

class Memory {
  data = new Map<string, string>()
  getItem = (k: string): string | null => this.data.get(k) ?? null
  setItem = (k: string, v: string): void => void this.data.set(k, v)
  removeItem = (k: string): void => void this.data.delete(k)
}

let server: Server
let storage: Memory
let alerts: Alert[]
let link: LinkEvents
let sent: object[]
let ids: number

function desk(): DeskStore {
  return new DeskStore({
    calls: server.calls(),
    connect: (events) => {
      link = events
      return { send: (f) => void sent.push(f), check: () => {}, close: () => {} }
    },
    alert: (a) => void alerts.push(a),
    storage,
    now: () => Date.now(),
    newID: () => `line-${++ids}`,
  })
}

async function started(): Promise<DeskStore> {
  const d = desk()
  await d.start(me)
  link.ready()
  await settle()
  return d
}

const settle = () => vi.advanceTimersByTimeAsync(0)

beforeEach(() => {
  vi.useFakeTimers({ now: start })
  server = new Server()
  storage = new Memory()
  alerts = []
  sent = []
  ids = 0
})
afterEach(() => vi.useRealTimers())

describe('lists', () => {
  it('sorts mine by need and the queue by rank, then by wait', async () => {
    server.lists.mine = [item('quiet', { updated_at: start + 9 }), item('late', { asked_at: start + 5 }), item('later', { asked_at: start + 1 })]
    server.lists.queue = [
      item('q1', { phase: 'queued', owner: '', queued_at: start + 2 }), item('q2', { phase: 'queued', owner: '', queued_at: start + 1 }),
      item('q3', { phase: 'queued', owner: '', queued_at: start + 8, rank: 20 }),
    ]
    const d = await started()
    expect(d.mine.map((i) => i.id)).toEqual(['later', 'late', 'quiet'])
    expect(d.queue.map((i) => i.id)).toEqual(['q3', 'q2', 'q1'])
  })

  it('an older item does not replace a newer one', async () => {
    server.lists.mine = [item('a', { seq: 5 })]
    const d = await started()
    link.frame({ t: 'item', item: item('a', { seq: 4, visitor_name: '旧' }) })
    expect(d.items.get('a')?.visitor_name).toBe('')
    link.frame({ t: 'item', item: item('a', { seq: 6, visitor_name: '新' }) })
    expect(d.items.get('a')?.visitor_name).toBe('新')
  })

  it('what a frame took away while a list was being read stays away', async () => {
    server.lists.queue = [item('a', { phase: 'queued', owner: '' })]
    const d = await started()
    const reading = d.readLists()
    link.frame({ t: 'gone', conversation: 'a', nick: '小陈' })
    await reading
    expect(d.queue).toEqual([])
  })

  it('what a frame brought while a list was being read stays there', async () => {
    const d = await started()
    const reading = d.readLists()
    link.frame({ t: 'item', item: item('new', { phase: 'queued', owner: '' }) })
    await reading
    expect(d.queue.map((i) => i.id)).toEqual(['new'])
  })

  it('reads the lists again when the link is back, and drops what has gone meanwhile', async () => {
    server.lists.mine = [item('a'), item('b')]
    const d = await started()
    link.down()
    expect(d.offline).toBe(true)
    server.lists.mine = [item('b')]
    link.ready()
    await settle()
    expect(d.offline).toBe(false)
    expect(d.mine.map((i) => i.id)).toEqual(['b'])
  })

  it('reads what is closed page by page', async () => {
    const closed = (n: number): Item => item('c' + n, { state: 'closed', closed_at: start - n })
    server.closedPages = [Array.from({ length: 200 }, (_, n) => closed(n)), [closed(200)]]
    const d = await started()
    await d.readClosed()
    expect([d.ended.length, d.closed.more]).toEqual([200, true])
    await d.readClosed(true)
    expect([d.ended.length, d.closed.more]).toEqual([201, false])
    expect(d.mine).toEqual([])
  })

  it('only supervisors read all', async () => {
    await started()
    expect(server.asked).not.toContain('list all')
    server.supervisor = true
    await started()
    expect(server.asked).toContain('list all')
  })
})

describe('alerts', () => {
  it('rings once for an offer, and again for the next', async () => {
    await started()
    const offer = item('q', { phase: 'queued', owner: '', offered_to: me, offered_until: start + 30_000, seq: 3 })
    link.frame({ t: 'item', item: offer })
    link.frame({ t: 'item', item: { ...offer, seq: 4 } })
    expect(alerts.map((a) => a.kind)).toEqual(['offer'])
    link.frame({ t: 'item', item: { ...offer, seq: 6, offered_until: start + 90_000 } })
    expect(alerts).toHaveLength(2)
  })

  it('tells of a conversation that was given, of words, of a whisper and of a reminder', async () => {
    const d = await started()
    link.frame({ t: 'item', item: item('a', { seq: 2 }) })
    link.frame({ t: 'message', conversation: 'a', message: message('a', 3) })
    link.frame({ t: 'message', conversation: 'a', message: message('a', 4, { author: 'agent', kind: 'whisper', card: { agent: 'S1' } }) })
    link.frame({ t: 'message', conversation: 'a', message: message('a', 5, { author: 'system', kind: 'reminded', text: '' }) })
    expect(alerts.map((a) => a.kind)).toEqual(['given', 'message', 'whisper', 'remind'])
    expect(d.unreadTotal).toBe(2) // the conversation itself, and its line
  })

  it('says nothing of conversations of others', async () => {
    server.supervisor = true
    const d = await started()
    link.frame({ t: 'item', item: item('x', { owner: 'A2' }) })
    link.frame({ t: 'message', conversation: 'x', message: message('x', 2) })
    expect(alerts).toEqual([])
    expect(d.unread.size).toBe(0)
  })
})

describe('a conversation', () => {
  beforeEach(() => {
    server.lists.mine = [item('a', { seq: 3 })]
    server.messages.set('a', [1, 2, 3].map((n) => message('a', n)))
  })

  it('shows messages in order, each once', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.messages.get('a')!.push(message('a', 4))
    link.frame({ t: 'message', conversation: 'a', message: message('a', 4) })
    link.frame({ t: 'message', conversation: 'a', message: message('a', 4) })
    expect(d.talk?.messages.map((m) => m.seq)).toEqual([1, 2, 3, 4])
    expect(server.asked.filter((a) => a.startsWith('after'))).toEqual([])
  })

  it('fills a gap from the server', async () => {
    const d = await started()
    d.open('a')
    await settle()
    for (let n = 4; n <= 130; n++) server.messages.get('a')!.push(message('a', n))
    link.frame({ t: 'message', conversation: 'a', message: message('a', 130) })
    await settle()
    expect(d.talk?.messages.map((m) => m.seq)).toEqual(Array.from({ length: 130 }, (_, n) => n + 1))
  })

  it('notices a message it never got by its item', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.messages.get('a')!.push(message('a', 4))
    link.frame({ t: 'item', item: item('a', { seq: 4 }) })
    await vi.advanceTimersByTimeAsync(200)
    expect(d.talk?.messages.at(-1)?.seq).toBe(4)
  })

  it('tries again when a gap could not be filled', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.messages.get('a')!.push(message('a', 4), message('a', 5))
    server.fail = new ApiError(503, 'unavailable', '稍后再试')
    link.frame({ t: 'message', conversation: 'a', message: message('a', 5) })
    await settle()
    server.fail = undefined
    await vi.advanceTimersByTimeAsync(2_100)
    expect(d.talk?.messages.map((m) => m.seq)).toEqual([1, 2, 3, 4, 5])
  })

  it('reads the open one and heals the others after a break', async () => {
    server.lists.mine.push(item('b', { seq: 1 }))
    server.messages.set('b', [message('b', 1)])
    const d = await started()
    d.open('b')
    await settle()
    d.open('a')
    await settle()
    link.down()
    server.messages.get('a')!.push(message('a', 4))
    server.messages.get('b')!.push(message('b', 2))
    link.ready()
    await settle()
    expect(d.talks.get('a')?.messages.at(-1)?.seq).toBe(4)
    expect(d.talks.get('b')?.messages.at(-1)?.seq).toBe(2)
    expect(sent).toContainEqual({ t: 'watch', conversation: 'a' })
  })

  it('loads older messages and knows when there are no more', async () => {
    server.messages.set('a', Array.from({ length: 130 }, (_, n) => message('a', n + 1)))
    const d = await started()
    d.open('a')
    await settle()
    expect([d.talk?.messages.length, d.talk?.more]).toEqual([100, true])
    await d.earlier('a')
    expect([d.talk?.messages.length, d.talk?.more]).toEqual([130, false])
  })

  it('says who has it now', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.lists.mine = []
    link.frame({ t: 'gone', conversation: 'a', nick: '小陈' })
    expect(d.talk?.lost).toBe('小陈 已接入这个会话')
    expect(d.mine).toEqual([])
  })

  it('tells the server what was read, once', async () => {
    const d = await started()
    d.open('a')
    await settle()
    d.sawAll('a')
    d.sawAll('a')
    expect(server.asked.filter((x) => x.startsWith('read'))).toEqual(['read 3'])
    link.frame({ t: 'read', conversation: 'a', seq: 2 })
    expect(d.talk?.visitorRead).toBe(2)
  })

  it('counts what is unread until it is seen', async () => {
    const d = await started()
    link.frame({ t: 'message', conversation: 'a', message: message('a', 4) })
    link.frame({ t: 'message', conversation: 'a', message: message('a', 5) })
    expect(d.unread.get('a')).toBe(2)
    d.open('a')
    await settle()
    d.sawAll('a')
    expect(d.unreadTotal).toBe(0)
  })

  it('asks for advice about the last question, not about the wish for a human', async () => {
    const trace = { reply: 0, rule: '', entry: '', question: '', confidence: 0 }
    server.traces = [{ ...trace, seq: 2, text: '第 2 条', decision: 'refuse' }, { ...trace, seq: 3, text: '转人工', decision: 'words' }]
    const d = await started()
    d.open('a')
    await settle()
    expect(server.asked).toContain('advice 第 2 条')
    link.frame({ t: 'message', conversation: 'a', message: message('a', 4, { text: '那怎么办' }) })
    await settle()
    expect(server.asked.filter((x) => x.startsWith('advice'))).toEqual(['advice 第 2 条', 'advice 那怎么办'])
    expect(d.talk?.advice.list[0]?.text).toBe('答')
  })

  it('does not ask for what somebody else has now', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.lists.mine = []
    link.frame({ t: 'gone', conversation: 'a', nick: '小陈' })
    await settle()
    expect(server.asked.filter((x) => x === 'story a')).toHaveLength(1)
  })

  it('keeps at most a dozen conversations', async () => {
    const d = await started()
    for (let n = 0; n < 20; n++) d.open('x' + n)
    await settle()
    expect(d.talks.size).toBe(12)
    expect(d.talks.has('x19')).toBe(true)
  })

  it('stores a field of the card over what others changed meanwhile', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.conflict = 1
    server.customer = { ...server.customer, fields: { name: '赵' }, updated_at: 7 }
    await d.saveCustomer('a', { fields: { phone: '13800000000' } })
    expect(d.talk?.customer.fields).toEqual({ name: '赵', phone: '13800000000' })
    expect(d.talk?.proposed).toEqual({})
  })
})

describe('what is sent', () => {
  beforeEach(() => {
    server.lists.mine = [item('a')]
    server.messages.set('a', [message('a', 1)])
  })

  it('goes out in order and is shown once', async () => {
    const d = await started()
    d.open('a')
    await settle()
    d.say('a', '一')
    d.say('a', '二')
    d.answer('a', { entry: 'e1', question: '问', text: '三' })
    expect(d.outbox.map((p) => p.text)).toEqual(['一', '二', '三'])
    await settle()
    expect(server.said.map((s) => s.text)).toEqual(['一', '二', '三'])
    expect(d.outbox).toEqual([])
    expect(d.talk?.messages.map((m) => m.text)).toEqual(['第 1 条', '一', '二', '三'])
  })

  it('is sent again with the same id when the answer was lost, and stands there once', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.failAfterSaying = true
    d.say('a', '您好')
    await settle()
    expect(d.outbox[0]).toMatchObject({ state: 'sending', tries: 1 })
    await vi.advanceTimersByTimeAsync(2_500)
    expect(d.outbox).toEqual([])
    expect(server.said).toHaveLength(1)
    expect(d.talk?.messages.filter((m) => m.text === '您好')).toHaveLength(1)
  })

  it('is taken from the outbox when it comes by the socket', async () => {
    const d = await started()
    d.open('a')
    await settle()
    server.fail = new ApiError(0, 'network', '网络连接失败')
    d.say('a', '您好')
    await settle()
    link.frame({ t: 'message', conversation: 'a', message: message('a', 2, { id: 'line-1', author: 'agent', card: { agent: me } }) })
    expect(d.outbox).toEqual([])
  })

  it('fails visibly after some attempts, and can be sent again or thrown away', async () => {
    const d = await started()
    server.fail = new ApiError(0, 'network', '网络连接失败')
    d.say('a', '您好')
    d.say('a', '在吗')
    await vi.advanceTimersByTimeAsync(200_000)
    expect(d.outbox.map((p) => p.state)).toEqual(['failed', 'failed'])
    server.fail = undefined
    d.resend('line-1')
    d.discard('line-2')
    await settle()
    expect(server.said.map((s) => s.text)).toEqual(['您好'])
    expect(d.outbox).toEqual([])
  })

  it('fails at once when it never will be taken', async () => {
    const d = await started()
    server.fail = new ApiError(409, 'taken', '已由 小陈 接待')
    d.say('a', '您好')
    await settle()
    expect(d.outbox[0]).toMatchObject({ state: 'failed', trouble: '已由 小陈 接待' })
  })

  it('outlives a reload of the page', async () => {
    const d = await started()
    server.fail = new ApiError(0, 'network', '网络连接失败')
    d.say('a', '您好')
    await settle()
    d.stop()
    server.fail = undefined
    const next = await started()
    await settle()
    expect(server.said).toEqual([expect.objectContaining({ id: 'line-1', text: '您好' })])
    expect(next.outbox).toEqual([])
  })

  it('a file is uploaded first', async () => {
    const d = await started()
    d.attach('a', new File(['abc'], 'a.png', { type: 'image/png' }))
    await settle()
    expect(server.said).toEqual([expect.objectContaining({ kind: 'image', file: 'F1' })])
  })
})

describe('drafts', () => {
  it('are kept per conversation and over a reload, for this agent only', async () => {
    const d = await started()
    d.draft('a', '写了一半')
    d.draft('b', '另一个')
    d.draft('b', '')
    d.stop()
    expect((await started()).drafts).toEqual(new Map([['a', '写了一半']]))
    const other = desk()
    await other.start('A2')
    expect(other.drafts.size).toBe(0)
  })

  it('do without a storage', async () => {
    storage.setItem = () => {
      throw new Error('full')
    }
    const d = await started()
    d.draft('a', '写了一半')
    expect(d.drafts.get('a')).toBe('写了一半')
  })
})

describe('the state of the agent', () => {
  const seat = (presence: 'online' | 'away' | 'offline') => ({ t: 'seat' as const, seat: { ...info().seat, presence, since: start + 1 } })

  it('says why it was changed by the desk', async () => {
    const d = await started()
    link.frame(seat('away'))
    await settle()
    expect(d.notice).toBe('您有一次没有接入，已设为离开')
    await d.setPresence('online')
    expect([d.notice, d.info.seat.presence]).toEqual(['', 'online'])
  })

  it('says who changed it', async () => {
    server.presenceBy = 'S1'
    const d = await started()
    link.frame(seat('offline'))
    await settle()
    expect(d.notice).toBe('王班长 把您的状态改成了离线')
  })

  it('is not news when the agent did it', async () => {
    const d = await started()
    const setting = d.setPresence('away')
    link.frame(seat('away'))
    await setting
    await settle()
    expect(d.notice).toBe('')
  })

  it('goes back when it could not be changed', async () => {
    const d = await started()
    server.fail = new ApiError(503, 'unavailable', '稍后再试')
    await expect(d.setPresence('resting')).rejects.toThrow('稍后再试')
    expect(d.info.seat.presence).toBe('online')
  })

  it('does not tell of typing more than every three seconds', async () => {
    server.lists.mine = [item('a')]
    const d = await started()
    for (let n = 0; n < 10; n++) d.typing('a')
    await vi.advanceTimersByTimeAsync(3_000)
    d.typing('a')
    d.typing('b') // not ours
    expect(server.asked.filter((x) => x === 'typing')).toHaveLength(2)
  })
})

describe('taking', () => {
  const waiting = (): Item => item('q', { phase: 'queued', owner: '', offered_to: me, offered_until: start + 30_000 })

  it('an accepted conversation is ours at once', async () => {
    server.lists.queue = [waiting()]
    const d = await started()
    await d.accept('q')
    expect(d.owns('q')).toBe(true)
    expect(d.offers).toEqual([])
  })

  it('the slower one is told, and reads the lists again', async () => {
    server.lists.queue = [waiting()]
    const d = await started()
    server.fail = new ApiError(409, 'taken', '已由 小陈 接待')
    await expect(d.accept('q')).rejects.toThrow('小陈')
    server.fail = undefined
    expect(server.asked.filter((x) => x === 'list queue').length).toBeGreaterThan(2)
  })

  it('an offer that was let pass is gone at once', async () => {
    server.lists.queue = [waiting()]
    const d = await started()
    void d.pass('q')
    expect(d.offers).toEqual([])
    expect(d.queue).toHaveLength(1)
  })
})

it('says why it could not begin, and begins when asked again', async () => {
  server.fail = new ApiError(0, 'network', '网络连接失败')
  const d = desk()
  await d.start(me)
  expect([d.phase, d.trouble]).toEqual(['failed', '网络连接失败'])
  server.fail = undefined
  await d.start(me)
  expect(d.phase).toBe('ready')
})

describe('favourites', () => {
  it('are known from the beginning, and change at once', async () => {
    server.favourites = ['a', 'b']
    const d = await started()
    expect([...d.favourites]).toEqual(['a', 'b'])
    const keeping = d.favour('c', true)
    const dropping = d.favour('a', false)
    expect([...d.favourites]).toEqual(['b', 'c'])
    await Promise.all([keeping, dropping])
    expect(server.favourites).toEqual(['c', 'b'])
    expect((await d.readFavourites('wechat')).map((f) => f.id)).toEqual(['c', 'b'])
    expect(server.asked.at(-1)).toBe('favourites wechat')
  })

  it('are what they were if the server refuses', async () => {
    server.favourites = ['a']
    const d = await started()
    server.fail = new ApiError(422, 'invalid', '最多收藏 200 个知识点')
    await expect(d.favour('b', true)).rejects.toThrow('最多收藏 200 个')
    await expect(d.favour('a', false)).rejects.toThrow()
    expect([...d.favourites]).toEqual(['a'])
  })

  it('change in the order in which it was wished', async () => {
    const d = await started()
    void d.favour('a', true)
    void d.favour('a', false)
    await d.favour('a', true)
    expect(server.asked.filter((x) => /^(keep|drop) /.test(x))).toEqual(['keep a', 'drop a', 'keep a'])
    expect(server.favourites).toEqual(['a'])
  })

  it('are read after the changes on their way, and do not undo one that came meanwhile', async () => {
    server.favourites = ['a']
    const d = await started()
    let go = (): void => {}
    server.held = new Promise((r) => void (go = r))
    void d.favour('b', true)
    const reading = d.readFavourites()
    await settle()
    go()
    expect((await reading).map((f) => f.id)).toEqual(['b', 'a'])
    const again = d.readFavourites()
    await Promise.resolve() // the changes are waited for, the question is on its way
    const dropping = d.favour('a', false)
    await Promise.all([again, dropping])
    expect([...d.favourites]).toEqual(['b'])
  })
})

describe('a channel with limits', () => {
  const reads = () => server.asked.filter((a) => a.startsWith('delivery'))
  beforeEach(() => {
    server.lists.mine = [item('c')]
    server.messages.set('c', [message('c', 1)])
  })

  it('is asked what may be sent after each line and now and then, as long as the talk is open', async () => {
    server.delivery = { reach: { left: 3, of: 5, until: start, waiting: 0 }, fates: [] }
    const d = await started()
    d.open('c')
    await settle()
    expect(d.talk?.reach?.left).toBe(3)
    server.delivery = { reach: { left: 3, of: 5, until: start, waiting: 1 }, fates: [{ seq: 2, state: 'waiting' }] }
    d.say('c', '您好')
    await settle()
    expect(reads().at(-1)).toBe('delivery 1-2')
    expect([d.talk?.reach?.waiting, d.talk?.fates.get(2)?.state]).toEqual([1, 'waiting'])
    server.delivery = { reach: { left: 2, of: 5, until: start, waiting: 0 }, fates: [{ seq: 2, state: 'sent' }] }
    await vi.advanceTimersByTimeAsync(5_000) // soon, for something waits
    expect([d.talk?.reach?.left, d.talk?.fates.get(2)?.state]).toEqual([2, 'sent'])
    const before = reads().length
    await vi.advanceTimersByTimeAsync(14_000)
    expect(reads().length).toBe(before)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads().length).toBe(before + 1)
    d.open('')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads().length).toBe(before + 1)
  })

  it('goes on after it could not be asked', async () => {
    server.delivery = { reach: { left: 3, of: 5, until: start, waiting: 0 }, fates: [] }
    const d = await started()
    d.open('c')
    await settle()
    server.fail = new ApiError(0, 'network', '网络连接失败')
    await vi.advanceTimersByTimeAsync(15_000)
    server.fail = undefined
    server.delivery = { reach: { left: 5, of: 5, until: start, waiting: 0 }, fates: [] }
    await vi.advanceTimersByTimeAsync(15_000)
    expect(d.talk?.reach?.left).toBe(5)
  })

  it('that has none is not asked', async () => {
    const d = await started()
    d.open('c')
    await settle()
    d.say('c', '您好')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads()).toEqual([])
  })
})
