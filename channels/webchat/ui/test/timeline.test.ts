import { describe, expect, it } from 'vitest'
import { Store } from '../src/store'
import { timeline, waitingFor, type MessageRow } from '../src/timeline'
import { conv, frame, message, mine, ready } from './frames'

function rows(messages: Record<string, unknown>[], prepare?: (s: Store) => void) {
  const store = new Store()
  store.apply(ready({ seq: messages.length, messages }), 0)
  prepare?.(store)
  return timeline(store, { typing: false, fresh: false })
}

const bubbles = (all: ReturnType<typeof rows>) => all.filter((r): r is MessageRow => r.type === 'message')
const find = (all: ReturnType<typeof rows>, kind: string) => bubbles(all).find((r) => r.message.kind === kind)!

describe('rows', () => {
  it('begin with the welcome, or with the way to older messages', () => {
    expect(rows([]).map((r) => r.type)).toEqual(['welcome'])
    expect(rows([message(1)], (s) => (s.more = true))[0]?.type).toBe('more')
  })

  it('are grouped by author and parted by time', () => {
    const all = rows([message(1), message(2), mine(3, 'id-mine'), message(4, { at: 900_000 })])
    expect(all.map((r) => r.type)).toEqual(['welcome', 'time', 'message', 'message', 'message', 'time', 'message'])
    expect(bubbles(all).map((r) => r.first)).toEqual([true, false, true, true])
  })

  it('have unique keys, and the key of a message stays when it is stored', () => {
    const waiting = rows([message(1)], (s) => s.add('id-mine', { kind: 'text', text: 'x' }, 2000))
    const stored = rows([message(1), mine(2, 'id-mine')])
    expect(bubbles(waiting)[1]!.key).toBe(bubbles(stored)[1]!.key)
    const keys = stored.map((r) => r.key)
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('leave out what changes other messages', () => {
    const all = rows([message(1), mine(2, 'id-1', { kind: 'feedback', card: { of: 1, yes: true } }), mine(3, 'id-2', { kind: 'close' })])
    expect(bubbles(all)).toHaveLength(1)
  })

  it('put a provisional answer below its question', () => {
    const all = rows([], (s) => {
      s.add('id-1', { kind: 'text', text: 'x' }, 0)
      s.add('id-2', { kind: 'text', text: 'y' }, 0)
      s.apply(frame({ t: 'provisional', id: 'id-1', messages: [message(0)] }), 0)
    })
    expect(bubbles(all).map((r) => [r.message.id, r.provisional])).toEqual([['id-1', false], ['', true], ['id-2', false]])
  })
})

describe('fates', () => {
  it('a vote: the last one counts, also one on its way, not a failed one', () => {
    const up = mine(2, 'id-1', { kind: 'feedback', card: { of: 1, yes: true } })
    const down = mine(3, 'id-2', { kind: 'feedback', card: { of: 1, yes: false } })
    expect(find(rows([message(1)]), 'answer').fate.vote).toBeUndefined()
    expect(find(rows([message(1), up]), 'answer').fate.vote).toBe(true)
    expect(find(rows([message(1), up, down]), 'answer').fate.vote).toBe(false)
    const waiting = rows([message(1), up], (s) => s.add('id-3', { kind: 'feedback', of: 1, yes: false }, 0))
    expect(find(waiting, 'answer').fate.vote).toBe(false)
  })

  it('a vote of another conversation does not count', () => {
    const all = rows([message(1)], (s) => s.add('id-3', { kind: 'feedback', of: 1, yes: false, conversation: 'other' }, 0))
    expect(find(all, 'answer').fate.vote).toBeUndefined()
  })

  const offer = message(1, { kind: 'offer', card: { options: [{ entry: 'a', question: 'A' }, { entry: 'b', question: 'B' }] } })

  it('an offer is over after the next question, and shows what was chosen', () => {
    expect(find(rows([offer]), 'offer').fate).toMatchObject({ over: false })
    expect(find(rows([offer, mine(2, 'id-1', { kind: 'pick', text: 'B', card: { entry: 'b' } })]), 'offer').fate).toMatchObject({ over: true, chosen: 1 })
    expect(find(rows([offer, mine(2, 'id-1', { text: '1' })]), 'offer').fate).toMatchObject({ over: true, chosen: 0 })
    expect(find(rows([offer, mine(2, 'id-1', { text: '3' })]), 'offer').fate.chosen).toBeUndefined()
  })

  it('a failed reply does not end an offer', () => {
    const all = rows([offer], (s) => {
      s.add('id-1', { kind: 'text', text: 'x' }, 0)
      s.apply(frame({ t: 'error', id: 'id-1', code: 4131, text: '' }), 0)
    })
    expect(find(all, 'offer').fate.over).toBe(false)
  })

  it('a form is done by the leave-message that follows it, and only that one', () => {
    const form = (seq: number) => message(seq, { kind: 'leave_form' })
    const all = bubbles(rows([form(1), mine(2, 'id-1', { kind: 'leave' }), form(3)]))
    expect(all.map((r) => r.fate.done)).toEqual([true, undefined, false])
  })

  it('a survey shows the rating', () => {
    const rating = mine(2, 'id-1', { kind: 'rating', text: '好', card: { of: 1, yes: true, stars: 5, tags: ['快'] } })
    expect(find(rows([message(1, { kind: 'survey' }), rating]), 'survey').fate.rating).toEqual({ yes: true, stars: 5, tags: ['快'], text: '好' })
  })

  it('the end is the last until the visitor asks something again', () => {
    const closed = message(1, { kind: 'closed', author: 'system' })
    const survey = [message(2, { kind: 'survey' }), mine(3, 'id-1', { kind: 'rating', card: { of: 2, stars: 5 } }), message(4, { kind: 'notice' })]
    expect(find(rows([closed, ...survey]), 'closed').fate.last).toBe(true)
    expect(find(rows([closed], (s) => s.add('id-2', { kind: 'text', text: 'x' }, 0)), 'closed').fate.last).toBe(false)
    expect(find(rows([closed], (s) => s.apply(frame({ t: 'message', conversation: 'next', message: message(1, {}, 'next') }), 0)), 'closed').fate.last).toBe(false)
  })
})

describe('waiting for an answer', () => {
  const waits = (prepare: (s: Store) => void) => {
    const store = new Store()
    store.apply(ready({ seq: 1, messages: [message(1)] }), 0)
    prepare(store)
    return waitingFor(store)
  }
  it('from the sending to the answer', () => {
    expect(waits(() => undefined)).toBe('')
    expect(waits((s) => s.add('id-1', { kind: 'text', text: 'x' }, 0))).toBe('') // not sent yet
    expect(waits((s) => (s.add('id-1', { kind: 'text', text: 'x' }, 0), s.sent('id-1', 0)))).toBe('id-1')
    expect(waits((s) => s.apply(frame({ t: 'message', conversation: conv, message: mine(2, 'id-1') }), 0))).toBe('id-1')
    expect(waits((s) => s.apply(frame({ t: 'message', conversation: conv, message: mine(2, 'id-1', { kind: 'feedback' }) }), 0))).toBe('')
  })
})
