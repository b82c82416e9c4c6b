import { beforeEach, describe, expect, it } from 'vitest'
import { minutes, initial, serviceOf } from '../src/service'
import { Store } from '../src/store'
import { timeline, waitingFor, type MessageRow } from '../src/timeline'
import { conv, frame, message, mine, pushed, ready } from './frames'

const now = 100_000
let store: Store
let seq = 0

beforeEach(() => {
  store = new Store()
  seq = 0
  store.apply(ready(), now)
})

const line = (kind: string, card: Record<string, unknown> = {}, more: Record<string, unknown> = {}) =>
  store.apply(pushed(message(++seq, { author: 'system', kind, text: kind, card, ...more })), now)
const agent = (text: string, nick = '小李') => store.apply(pushed(message(++seq, { author: 'agent', kind: 'text', text, card: { nick } })), now)
const says = (text: string) => store.apply(pushed(mine(++seq, `id-${seq}`, { text })), now)
const placed = (ahead: number, more: Record<string, unknown> = {}) =>
  store.apply(frame({ t: 'queue', conversation: conv, ahead, low: 60, high: 180, ...more }), now)

describe('who has the conversation', () => {
  it('follows from the lines of the system', () => {
    const phases = [store.service]
    for (const [kind, nick] of [
      ['queued', ''], ['accepted', '小李'], ['transferred', '小李'], ['accepted', '小王'], ['requeued', '小王'], ['accepted', '小赵'], ['taken_over', '陈主管'], ['returned', ''],
      ['queued', ''], ['returned', ''], ['queued', ''], ['accepted', '小李'], ['closed', ''],
    ]) {
      line(kind!, { nick })
      phases.push(store.service)
    }
    expect(phases.map((s) => s.phase + (s.nick && ' ' + s.nick))).toEqual([
      'bot', 'queue', 'agent 小李', 'queue', 'agent 小王', 'queue', 'agent 小赵', 'agent 陈主管', 'bot', 'queue', 'bot', 'queue', 'agent 小李', 'bot',
    ])
  })

  it('is the same after a reload', () => {
    line('queued')
    line('accepted', { nick: '小李' })
    says('型号')
    const next = new Store()
    next.apply(ready({ seq, messages: store.messages }), now)
    expect(next.service).toEqual({ phase: 'agent', nick: '小李' })
  })

  it('is the agent who spoke, if the line lies too far back', () => {
    const late = new Store()
    late.apply(ready({ seq: 52, reset: true, more: true, messages: [message(51, { author: 'agent', kind: 'text', card: { nick: '小李' } }), mine(52, 'id-52')] }), now)
    expect(late.service).toEqual({ phase: 'agent', nick: '小李' })
  })

  it('is the queue if the server says so and no line does', () => {
    placed(1)
    expect(store.service.phase).toBe('queue')
  })

  it('is not what a visitor or a bot pretends, nor what another conversation says', () => {
    store.apply(pushed(mine(++seq, 'id-x', { kind: 'accepted', card: { nick: '假' } })), now)
    expect(store.service.phase).toBe('bot')
    line('accepted', { nick: '小李' })
    store.apply(pushed(message(1, {}, 'next')), now)
    expect(store.service.phase).toBe('bot')
    expect(serviceOf([], conv, false)).toEqual({ phase: 'bot', nick: '' })
  })

  it('is not changed by what is not for the visitor', () => {
    line('accepted', { nick: '小李' })
    line('event', {}, { text: '' })
    expect(store.service).toEqual({ phase: 'agent', nick: '小李' })
    expect(store.after).toBe(2)
  })
})

describe('the place in the queue', () => {
  it('is that of the line, then that of the last frame', () => {
    line('queued', { place: 3, low: 120, high: 240 })
    expect(store.place).toEqual({ state: '', ahead: 2, low: 120, high: 240 })
    placed(1)
    expect(store.place).toEqual({ state: '', ahead: 1, low: 60, high: 180 })
    placed(0, { state: 'nobody', low: 0, high: 0 })
    expect(store.place).toEqual({ state: 'nobody', ahead: 0, low: 0, high: 0 })
  })

  it('is gone with the waiting', () => {
    for (const kind of ['accepted', 'returned', 'closed', 'taken_over']) {
      line('queued', { place: 3 })
      line(kind)
      expect(store.place, kind).toBeUndefined()
    }
  })

  it('is not known after the agent was lost, until it is told', () => {
    line('accepted', { nick: '小李' })
    line('requeued', { nick: '小李' })
    expect(store.place).toBeUndefined()
    expect(store.service.phase).toBe('queue')
    placed(0)
    expect(store.place?.ahead).toBe(0)
  })

  it('of another conversation does not count', () => {
    store.apply(frame({ t: 'queue', conversation: 'other', ahead: 7, low: 0, high: 0 }), now)
    expect(store.place).toBeUndefined()
  })

  it('is asked for anew after a reconnect', () => {
    line('queued', { place: 3 })
    store.apply(ready({ seq }), now)
    expect(store.place).toBeUndefined()
    expect(store.service.phase).toBe('queue')
  })

  it.each([[0, 0, ''], [0, 40, '1'], [20, 60, '1'], [60, 180, '1–3'], [120, 240, '2–4'], [130, 230, '2–4'], [600, 600, '10'], [170, 180, '2–3']])(
    'from %d to %d seconds is %j minutes', (low, high, want) => expect(minutes({ state: '', ahead: 1, low, high })).toBe(want))

  it.each([['小李', '李'], ['Ann', 'A'], ['ann lee', 'A'], ['陈主管', '管'], ['客服A', '客'], ['', ''], ['😀', '😀']])('%j has the picture %j', (nick, want) => expect(initial(nick)).toBe(want))
})

describe('not waiting any more', () => {
  it('is under way until the reply comes, and is no bubble', () => {
    line('queued', { place: 3 })
    store.add('id-unqueue', { kind: 'unqueue' }, now)
    expect(store.unqueues).toBe(true)
    const rows = timeline(store, { typing: false, fresh: false })
    expect(rows.some((r) => r.type === 'message' && r.message.kind === 'unqueue')).toBe(false)
    store.sent('id-unqueue', now)
    store.apply(pushed(mine(++seq, 'id-unqueue', { kind: 'unqueue' })), now)
    line('returned', { reason: 'visitor' })
    expect(store).toMatchObject({ unqueues: false, service: { phase: 'bot' } })
  })

  it('too late says why and is forgotten', () => {
    store.add('id-unqueue', { kind: 'unqueue' }, now)
    expect(store.apply(frame({ t: 'error', id: 'id-unqueue', code: 4090, text: '您已经不在排队了' }), now)).toMatchObject([{ do: 'rejected', pending: { error: '您已经不在排队了' } }])
    expect(store.unqueues).toBe(false)
  })
})

describe('news', () => {
  it('ring and count like messages', () => {
    store.apply(ready({ seq: 0, read: 0 }), now)
    for (const kind of ['accepted', 'taken_over', 'requeued', 'returned']) expect(line(kind), kind).toMatchObject([{ do: 'arrived' }])
    for (const kind of ['queued', 'event', 'transferred', 'closed']) expect(line(kind), kind).toEqual([])
    expect(store.unread()).toBe(4)
  })
})

describe('what the agent has read', () => {
  const reads = () => timeline(store, { typing: false, fresh: false }).filter((r): r is MessageRow => r.type === 'message' && r.message.author === 'visitor').map((r) => r.read)

  it('is marked, but not what the bot was asked', () => {
    says('问机器人')
    line('queued')
    says('排队时说的')
    line('accepted', { nick: '小李' })
    says('接通后说的')
    says('刚说的')
    expect(reads()).toEqual([false, false, false, false])
    store.apply(frame({ t: 'seen', conversation: conv, seq: seq - 1 }), now)
    expect(reads()).toEqual([false, true, true, false])
    store.apply(frame({ t: 'seen', conversation: conv, seq: 1 }), now) // late
    store.apply(frame({ t: 'seen', conversation: 'other', seq: 99 }), now)
    expect(reads()).toEqual([false, true, true, false])
  })

  it('is everything before an answer', () => {
    line('accepted', { nick: '小李' })
    says('型号')
    agent('收到')
    says('还有')
    expect(reads()).toEqual([true, false])
  })

  it('does not reach into the next conversation', () => {
    line('accepted', { nick: '小李' })
    says('型号')
    agent('收到')
    store.apply(pushed(mine(1, 'id-next', {}, 'next')), now)
    expect(reads()).toEqual([false, false])
    expect(store.seen).toBe(0)
  })
})

describe('rows of the human service', () => {
  it('leave events out and group by nick', () => {
    line('accepted', { nick: '小李' })
    agent('一')
    line('event', {}, { text: '', at: 0 })
    agent('二')
    agent('三', '小王')
    const rows = timeline(store, { typing: 'agent', fresh: false })
    expect(rows.map((r) => (r.type === 'message' ? `${r.message.text}${r.first ? '' : '+'}` : r.type))).toEqual(['welcome', 'time', 'accepted', '一', '二+', '三', 'typing'])
    expect(rows[rows.length - 1]).toMatchObject({ type: 'typing', author: 'agent' })
  })

  it('wait for the bot only while it has the conversation', () => {
    says('问')
    expect(waitingFor(store)).toBe('id-1')
    line('event', {}, { text: '', at: 0 })
    expect(waitingFor(store)).toBe('id-1')
    line('accepted', { nick: '小李' })
    says('问')
    expect(waitingFor(store)).toBe('')
  })
})
