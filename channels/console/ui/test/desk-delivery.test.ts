import { describe, expect, it, test } from 'vitest'
import { fateAbout, fateIsBad, fatesShown, fateText, standing } from '../src/desk/delivery'
import type { Fate, Message, Reach } from '../src/desk/types'

const now = 1_700_000_000_000
const hour = 3_600_000
const reach = (left: number, until: number, more: Partial<Reach> = {}): Reach => ({ left, of: 5, until: now + until, waiting: 0, ...more })

describe('what may still be sent', () => {
  it.each<[Reach, string, string, string]>([
    [reach(3, 41 * hour + 50), '剩 3/5 条', '剩 41 小时', 'calm'],
    [reach(1, 35 * 60_000), '剩 1/5 条', '剩 35 分钟', 'warn'],
    [reach(2, 50_000, { of: 3 }), '剩 2/3 条', '剩 50 秒', 'calm'],
    [reach(0, hour), '剩 0/5 条', '', 'none'],
    [reach(3, 0), '已过时限', '', 'none'],
    [reach(0, 0, { of: 0 }), '随顾客下一条消息送达', '', 'kept'],
  ])('%o', (r, text, time, tone) => expect(standing(r, now)).toMatchObject({ text, time, tone }))
  it('says why nothing can be sent, and when it can again', () => {
    expect(standing(reach(0, hour), now).blocked).toMatch(/5 条已经用完.*再次发言后/)
    expect(standing(reach(5, -1), now).blocked).toMatch(/太久没有发言.*再次发言后/)
    expect(standing(reach(1, hour), now).blocked).toBe('')
    expect(standing(reach(0, 0, { of: 0 }), now).blocked).toBe('')
  })
  it('explains itself', () => {
    expect(standing(reach(3, hour, { waiting: 2 }), now).about.join()).toMatch(/48 小时.*合并成一条.*留给结束语.*有 2 条写好了/)
    expect(standing(reach(1, hour), now).about[0]).toContain('只剩最后 1 条')
  })
})

describe('what became of a line', () => {
  it.each<[Fate, string]>([
    [{ seq: 1, state: 'waiting' }, '等待发送'],
    [{ seq: 1, state: 'kept' }, '将随顾客下一条消息送达'],
    [{ seq: 1, state: 'sent' }, '已送达微信'],
    [{ seq: 1, state: 'unknown' }, '可能已送达'],
    [{ seq: 1, state: 'failed', code: 45047, reason: '已用完' }, '发送失败（45047）：已用完'],
    [{ seq: 1, state: 'failed' }, '发送失败'],
    [{ seq: 1, state: 'refused', reason: '对方已取消关注' }, '未发送：对方已取消关注'],
  ])('%o', (f, text) => expect(fateText(f)).toBe(text))
  it('is bad if it will not arrive', () => {
    const bad = (['waiting', 'kept', 'sent', 'failed', 'unknown', 'refused'] as const).filter((state) => fateIsBad({ seq: 1, state }))
    expect(bad).toEqual(['failed', 'refused'])
    expect(fateAbout({ seq: 1, state: 'unknown' })).toContain('不会重发')
  })
})

test('of lines that arrived one after the other, the last one tells', () => {
  const line = (seq: number, author: string): Message => ({ conversation: 'c', seq, author, kind: 'text', text: '', at: 0, card: {} })
  const messages = ['agent', 'agent', 'system', 'agent', 'agent', 'visitor', 'agent', 'bot'].map((author, i) => line(i + 1, author))
  const fates = new Map(
    ([[1, 'sent'], [2, 'sent'], [4, 'failed'], [5, 'sent'], [7, 'sent'], [8, 'sent']] as const).map(([seq, state]) => [seq, { seq, state }] as const),
  )
  expect([...fatesShown(messages, fates).keys()]).toEqual([2, 4, 5, 7])
})
