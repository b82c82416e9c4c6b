import { beforeEach, describe, expect, it } from 'vitest'
import { Store } from '../src/store'
import { conv, frame, message, mine, pushed, ready } from './frames'

let store: Store
const seqs = () => store.messages.map((m) => m.seq)
const states = () => store.outbox.map((p) => `${p.id}:${p.state}`)
const now = 100_000

beforeEach(() => {
  store = new Store()
})

describe('messages', () => {
  beforeEach(() => {
    store.apply(ready({ seq: 2, messages: [message(1), message(2)] }), now)
  })

  it('paints in order, each once', () => {
    for (const seq of [3, 3, 4, 2, 4]) store.apply(pushed(message(seq)), now)
    expect(seqs()).toEqual([1, 2, 3, 4])
    expect(store.after).toBe(4)
  })

  it('never paints past a gap, asks once, and heals', () => {
    expect(store.apply(pushed(message(4)), now)).toEqual([{ do: 'resume', conversation: conv, after: 2 }])
    expect(store.apply(pushed(message(5)), now)).toEqual([])
    expect(seqs()).toEqual([1, 2])
    const effects = store.apply(frame({ t: 'messages', conversation: conv, messages: [message(3), message(4), message(5)] }), now)
    expect(seqs()).toEqual([1, 2, 3, 4, 5])
    expect(effects).toMatchObject([{ do: 'arrived', messages: [{ seq: 3 }, { seq: 4 }, { seq: 5 }] }])
  })

  it('heals a gap that the missing message itself closes', () => {
    store.apply(pushed(message(4)), now)
    store.apply(pushed(message(3)), now)
    expect(seqs()).toEqual([1, 2, 3, 4])
  })

  it('asks again for the rest of a long gap', () => {
    store.apply(pushed(message(9)), now)
    const effects = store.apply(frame({ t: 'messages', conversation: conv, messages: [message(3), message(4)] }), now)
    expect(effects).toContainEqual({ do: 'resume', conversation: conv, after: 4 })
    expect(seqs()).toEqual([1, 2, 3, 4])
  })

  it('starts over when a gap cannot be filled', () => {
    store.apply(pushed(message(5)), now)
    expect(store.apply(frame({ t: 'messages', conversation: conv, messages: [] }), now)).toEqual([{ do: 'restart' }])
  })

  it('asks for what ready promised but did not bring', () => {
    expect(store.apply(ready({ seq: 6, messages: [message(3)] }), now)).toContainEqual({ do: 'resume', conversation: conv, after: 3 })
  })

  it('resumes without a reset', () => {
    store.apply(ready({ seq: 4, messages: [message(3), message(4)] }), now)
    expect(seqs()).toEqual([1, 2, 3, 4])
  })

  it('forgets all on a reset', () => {
    store.apply(ready({ conversation: 'other', reset: true, seq: 12, messages: [message(11, {}, 'other'), message(12, {}, 'other')], more: true }), now)
    expect(seqs()).toEqual([11, 12])
    expect(store).toMatchObject({ conversation: 'other', after: 12, more: true })
  })

  it('takes the last messages of a long conversation as the beginning', () => {
    const fresh = new Store()
    expect(fresh.apply(ready({ seq: 51, reset: true, messages: [message(50), message(51)], more: true }), now)).toEqual([])
    expect(fresh.after).toBe(51)
  })

  it('goes on into a new conversation and keeps the old one in sight', () => {
    store.apply(pushed(message(1, {}, 'next')), now)
    expect(store.messages.map((m) => m.conversation)).toEqual([conv, conv, 'next'])
    expect(store).toMatchObject({ conversation: 'next', after: 1 })
    // A straggler of the old one does not bring it back.
    store.apply(pushed(message(3)), now)
    expect(store).toMatchObject({ conversation: 'next', after: 1 })
    expect(store.messages.map((m) => `${m.conversation}/${m.seq}`)).toEqual([`${conv}/1`, `${conv}/2`, `${conv}/3`, 'next/1'])
  })

  it('does not paint a new conversation from its middle', () => {
    expect(store.apply(pushed(message(2, {}, 'next')), now)).toEqual([{ do: 'resume', conversation: 'next', after: 0 }])
    expect(store.messages.some((m) => m.conversation === 'next')).toBe(false)
    store.apply(frame({ t: 'messages', conversation: 'next', messages: [message(1, {}, 'next'), message(2, {}, 'next')] }), now)
    expect(store.after).toBe(2)
  })

  it('prepends older messages once', () => {
    const long = new Store()
    long.apply(ready({ seq: 9, reset: true, messages: [message(8), message(9)], more: true }), now)
    const older = frame({ t: 'history', n: 1, conversation: conv, messages: [message(1, {}, 'before'), message(7), message(8)], more: true })
    long.apply(older, now)
    expect(long.messages.map((m) => `${m.conversation}/${m.seq}`)).toEqual(['before/1', `${conv}/7`, `${conv}/8`, `${conv}/9`])
    long.apply(older, now)
    expect(long.messages).toHaveLength(4)
    expect(long.more).toBe(false) // nothing new came: there is no point in asking on
  })

  it('counts what others wrote after the last one seen', () => {
    store.apply(ready({ seq: 2, read: 2 }), now)
    store.apply(pushed(message(3)), now)
    store.apply(pushed(mine(4, 'id-other-tab')), now)
    store.apply(pushed(message(5)), now)
    expect(store.unread()).toBe(2)
  })

  it('ignores messages without a number or a conversation', () => {
    store.apply(frame({ t: 'message', conversation: conv, message: message(0) }), now)
    store.apply(frame({ t: 'messages', conversation: conv, messages: [{ text: 'x' }] }), now)
    expect(seqs()).toEqual([1, 2])
  })
})

describe('outbox', () => {
  beforeEach(() => {
    store.apply(ready(), now)
    store.add('id-one', { kind: 'text', text: '1' }, now)
    store.add('id-two', { kind: 'text', text: '2' }, now)
  })

  const send = () => {
    const p = store.next(now)
    if (p) store.sent(p.id, now)
    return p?.id
  }

  it('sends one at a time, in order', () => {
    expect(send()).toBe('id-one')
    expect(send()).toBeUndefined()
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(send()).toBe('id-two')
  })

  it('keeps an acknowledged one in sight until its message comes, and then paints it once', () => {
    send()
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(states()).toEqual(['id-one:acked', 'id-two:queued'])
    store.apply(pushed(mine(1, 'id-one')), now)
    expect(states()).toEqual(['id-two:queued'])
    expect(store.messages).toHaveLength(1)
  })

  it('takes the message before its ack', () => {
    send()
    store.apply(pushed(mine(1, 'id-one')), now)
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(states()).toEqual(['id-two:queued'])
  })

  it('does not take an ack further on for a gap', () => {
    send()
    expect(store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 7, at: 5 }), now)).toEqual([])
  })

  it('asks for an acknowledged message that does not come', () => {
    send()
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(store.overdue(now + 2999, 3000)).toEqual([])
    expect(store.overdue(now + 3000, 3000)).toEqual([{ do: 'resume', conversation: conv, after: 0 }])
  })

  it('reads all anew when the ack is of a conversation it does not know', () => {
    send()
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: 'elsewhere', seq: 1, at: 5 }), now)
    expect(store.overdue(now + 3000, 3000)).toEqual([{ do: 'restart' }])
    store.apply(ready(), now)
    expect(states()).toEqual(['id-two:queued']) // and is not sent twice
  })

  it('sends again with the same ids, in order, after a lost connection', () => {
    send()
    store.disconnected(now)
    store.apply(ready(), now)
    expect(send()).toBe('id-one')
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(send()).toBe('id-two')
  })

  it('does not send again what ready shows to be stored', () => {
    send()
    store.disconnected(now)
    store.apply(ready({ seq: 1, messages: [mine(1, 'id-one')] }), now)
    expect(states()).toEqual(['id-two:queued'])
  })

  it('keeps what is unsent over a reset', () => {
    store.apply(ready({ conversation: 'other', reset: true, seq: 3, messages: [message(3, {}, 'other')] }), now)
    expect(states()).toEqual(['id-one:queued', 'id-two:queued'])
  })

  it('shows a refused one and lets the next ones pass', () => {
    send()
    store.apply(frame({ t: 'error', id: 'id-one', code: 4131, text: '太长' }), now)
    expect(store.outbox[0]).toMatchObject({ state: 'failed', error: '太长' })
    expect(send()).toBe('id-two')
    store.retry('id-one', now)
    expect(states()[0]).toBe('id-one:queued')
    store.remove('id-one')
    expect(states()).toEqual(['id-two:sending'])
  })

  it('waits when it was too fast, and holds the next ones back', () => {
    send()
    store.apply(frame({ t: 'error', id: 'id-one', code: 4290, text: '', retry_after: 2 }), now)
    expect(store.next(now + 1999)).toBeUndefined()
    expect(store.wakeAt()).toBe(now + 2000) // the second one is free, but waits for its turn
    expect(store.next(now + 2000)?.id).toBe('id-one')
  })

  it('tries by itself after trouble of the server, later each time', () => {
    const pauses: number[] = []
    for (let i = 0; i < 6; i++) {
      store.outbox[0]!.notBefore = 0
      send()
      store.apply(frame({ t: 'error', id: 'id-one', code: 5000, text: '' }), now)
      pauses.push(store.outbox[0]!.notBefore - now)
    }
    expect(pauses).toEqual([1500, 3000, 6000, 12000, 24000, 30000])
  })

  it('survives a reload', () => {
    send()
    store.apply(frame({ t: 'error', id: 'id-one', code: 4003, text: '不行' }), now)
    const next = new Store()
    next.restore(store.save())
    expect(next.outbox.map((p) => [p.id, p.state, p.send.text, p.error])).toEqual([['id-one', 'failed', '1', '不行'], ['id-two', 'queued', '2', '']])
    for (const nonsense of ['', '{', '{}', '[null,1,{"id":3}]', '[{"id":"x"}]']) next.restore(nonsense)
    expect(next.outbox).toHaveLength(2)
  })

  it('does not keep what is acknowledged', () => {
    send()
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    expect(JSON.parse(store.save())).toHaveLength(1)
    store.apply(pushed(mine(1, 'id-one')), now)
    store.remove('id-two')
    expect(store.save()).toBe('')
  })

  it('does not resend what another tab of the visitor has just shown to be stored', () => {
    store.apply(pushed(mine(1, 'id-two')), now)
    expect(states()).toEqual(['id-one:queued'])
  })
})

describe('nothing can be stored', () => {
  beforeEach(() => {
    store.apply(ready(), now)
    store.add('id-one', { kind: 'text', text: '1' }, now)
    store.sent('id-one', now)
    store.apply(frame({ t: 'provisional', id: 'id-one', messages: [message(0, {}, '')] }), now)
    store.apply(frame({ t: 'error', id: 'id-one', code: 5031, text: '', retry_after: 5 }), now)
  })

  it('keeps the message and shows the provisional answer', () => {
    expect(states()).toEqual(['id-one:unsaved'])
    expect(store.provisional.get('id-one')).toHaveLength(1)
    expect(store.next(now + 4999)).toBeUndefined()
    expect(store.next(now + 5000)?.id).toBe('id-one')
  })

  it('replaces the provisional answer by the real one, not before', () => {
    store.sent('id-one', now + 5000)
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 1, at: 5 }), now)
    store.apply(pushed(mine(1, 'id-one')), now)
    expect(store.provisional.has('id-one')).toBe(true)
    store.apply(pushed(message(2)), now)
    expect(store.provisional.has('id-one')).toBe(false)
  })

  it('tries the old one first when a new one comes', () => {
    store.add('id-two', { kind: 'text', text: '2' }, now)
    expect(store.next(now)?.id).toBe('id-one')
    store.sent('id-one', now)
    store.apply(frame({ t: 'error', id: 'id-one', code: 5031, text: '', retry_after: 5 }), now)
    expect(store.next(now)?.id).toBe('id-two') // which gets its provisional answer
  })

  it('ignores provisional answers to what it does not know', () => {
    store.apply(frame({ t: 'provisional', id: 'id-unknown', messages: [message(0)] }), now)
    expect(store.provisional.has('id-unknown')).toBe(false)
  })
})

describe('marks', () => {
  it('says why one was refused, and forgets it', () => {
    store.apply(ready(), now)
    store.add('id-one', { kind: 'rating', of: 3, stars: 5, conversation: conv }, now)
    const effects = store.apply(frame({ t: 'error', id: 'id-one', code: 4090, text: '已经评价过' }), now)
    expect(effects).toMatchObject([{ do: 'rejected', pending: { error: '已经评价过' } }])
    expect(store.outbox).toEqual([])
    expect(store.refused.get(`rating/${conv}/3`)).toBe('已经评价过')
  })

  it('keeps a rating of an earlier conversation, of which only the ack comes', () => {
    store.apply(ready({ seq: 2, messages: [message(1), message(2, { kind: 'survey' })] }), now)
    store.apply(pushed(message(1, {}, 'next')), now)
    store.add('id-one', { kind: 'rating', of: 2, stars: 4, conversation: conv }, now)
    store.sent('id-one', now)
    store.apply(frame({ t: 'ack', id: 'id-one', conversation: conv, seq: 3, at: 5 }), now)
    expect(store.outbox).toEqual([])
    expect(store.messages.map((m) => `${m.kind} ${m.conversation}`)).toEqual([`answer ${conv}`, `survey ${conv}`, `rating ${conv}`, 'answer next'])
    expect(store.conversation).toBe('next')
  })
})
