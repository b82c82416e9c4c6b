import { describe, expect, it } from 'vitest'
import { anchorFor, rest } from '../src/scroll'
import type { Author } from '../src/protocol'
import type { Row } from '../src/timeline'

/** v1 is a row of the visitor, b2 of the bot, a3 of an agent, s4 of the system. */
const authors: Record<string, Author> = { v: 'visitor', b: 'bot', a: 'agent', s: 'system' }
const rows = (keys: string): Row[] =>
  keys.split(' ').map((key) => (authors[key[0]!] ? ({ type: 'message', key, message: { author: authors[key[0]!] } } as Row) : ({ type: 'typing', key, author: 'bot' } as Row)))

describe('what is read from its beginning', () => {
  it('is the question of a new answer', () => {
    expect(anchorFor(rows('w v1 b2'), 'v1')).toEqual({ question: 'v1', reply: 'b2' })
    expect(anchorFor(rows('v1 b2 v3 b4 b5 typing'), 'v3')).toEqual({ question: 'v3', reply: 'b4' })
  })

  it('is the last of several questions answered at once', () => {
    expect(anchorFor(rows('v1 b2 v3 b4 b5'), 'v1')).toEqual({ question: 'v3', reply: 'b4' })
  })

  it('stays when the bot says more', () => {
    const before = { question: 'v1', reply: 'b2' }
    expect(anchorFor(rows('v1 b2 b3'), 'b2', before)).toBe(before)
    expect(anchorFor(rows('v1 b2 a3'), 'b2', before)).toEqual({ question: 'a3', reply: 'a3' })
  })

  it('is the message itself when no question came before', () => {
    expect(anchorFor(rows('v1 b2 s3 b4'), 'b2')).toEqual({ question: 's3', reply: 's3' })
  })

  it('is nothing when the visitor has the last word', () => expect(anchorFor(rows('v1 b2 v3'), 'b2')).toBeUndefined())

  it('is the last message at the first painting', () => {
    expect(anchorFor(rows('v1 b2 v3 b4'), '')).toEqual({ question: 'v3', reply: 'b4' })
    expect(anchorFor(rows('w'), '')).toBeUndefined()
  })
})

describe('where the list rests', () => {
  it.each([
    ['at the bottom without an exchange', 900, undefined, 900],
    ['at the bottom when the exchange fits', 900, { question: 950, reply: 1000 }, 900],
    ['at the question when it does not', 900, { question: 600, reply: 650 }, 592],
    ['at the reply when the question is too long', 2000, { question: 600, reply: 1060 }, 1052],
    ['never above the top', 900, { question: 4, reply: 60 }, 0],
  ])('%s', (_, bottom, tops, top) => expect(rest(bottom, 500, tops)).toBe(top))
})
