import { expect, test } from 'vitest'
import { clockOf, dayEnd, dayStart, fullTime, nearTime } from '../src/time'

const at = (text: string) => new Date(text).getTime()
const now = at('2026-03-04T12:00:00')

test.each([
  ['2026-03-04T11:59:40', '刚刚'],
  ['2026-03-04T12:00:30', '刚刚'], // a clock that is ahead
  ['2026-03-04T11:15:00', '45 分钟前'],
  ['2026-03-04T00:05:00', '今天 00:05'],
  ['2026-03-03T23:59:00', '昨天 23:59'],
  ['2026-03-02T08:00:00', '3月2日'],
  ['2025-12-31T08:00:00', '2025年12月31日'],
])('%s is %s', (time, text) => {
  expect(nearTime(at(time), now)).toBe(text)
})

test('full', () => expect(fullTime(at('2026-03-04T02:05:09'))).toBe('2026-03-04 02:05:09'))
test('clock', () => expect([clockOf(0), clockOf(58), clockOf(725)]).toEqual(['0:00', '0:58', '12:05']))

test('days', () => {
  expect([dayStart(''), dayEnd('')]).toEqual([0, 0])
  expect(dayStart('2026-03-31')).toBe(at('2026-03-31T00:00:00'))
  expect(dayEnd('2026-03-31')).toBe(at('2026-04-01T00:00:00'))
})
