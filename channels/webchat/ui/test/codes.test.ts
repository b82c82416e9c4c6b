import { describe, expect, it } from 'vitest'
import { onClose, onError, parseFrame, readFrames, readMessage, readSession } from '../src/protocol'

describe('closed sockets', () => {
  it.each([
    [1000, 'again'], [1001, 'again'], [1006, 'again'], [1011, 'again'], [0, 'again'], [3000, 'again'], [3001, 'again'], [3002, 'again'], [3099, 'again'],
    [3100, 'session'], [3101, 'session'], [3102, 'session'], [3199, 'session'],
    [3300, 'stop'], [3301, 'stop'], [3399, 'stop'], [1003, 'stop'], [1007, 'stop'], [1009, 'stop'],
    [3400, 'again'], [4000, 'again'], [4999, 'again'],
  ])('%i: %s', (code, action) => expect(onClose(code).do).toBe(action))

  it.each([
    ['retry_after=30 too many frames', 30], ['retry_after=1.5', 1.5], ['slow down', 5], ['', 5], ['retry_after=99999', 600],
  ])('3201 %j: waits %d s', (reason, seconds) => expect(onClose(3201, reason)).toEqual({ do: 'wait', seconds }))
})

describe('errors', () => {
  it.each([
    [4000, 'fail'], [4001, 'fail'], [4002, 'fail'], [4003, 'fail'], [4005, 'fail'], [4040, 'fail'], [4050, 'fail'], [4090, 'fail'], [4130, 'fail'], [4131, 'fail'],
    [4004, 'session'], [4010, 'session'], [4030, 'stop'], [4290, 'wait'], [4291, 'wait'],
    [5000, 'again'], [5030, 'again'], [5031, 'keep'], [5020, 'again'],
  ])('%i: %s', (code, action) => expect(onError(code)).toBe(action))
})

describe('frames', () => {
  it('that are not known or not right are nothing', () => {
    for (const data of ['', 'x', 'null', '[]', '1', '{}', '{"t":"future"}', '{"t":1}', new ArrayBuffer(2)]) expect(parseFrame(data)).toBeUndefined()
  })

  it('with missing or wrong fields become empty ones', () => {
    expect(parseFrame('{"t":"ready","seq":"9","messages":{}}')).toEqual({ t: 'ready', conversation: '', seq: 0, read: 0, reset: false, messages: [], more: false })
    expect(readMessage({ author: 'root', text: 7, card: { options: [null, { question: 'q' }], tags: ['a', 1], stars: NaN } })).toMatchObject({
      author: 'system', text: '', seq: 0, card: { options: [{ entry: '', question: 'q' }], tags: ['a'], stars: 0, actions: [] },
    })
  })

  it('never carry HTML of a visitor', () => {
    expect(readMessage({ author: 'visitor', html: '<b>x</b>' }).html).toBe('')
  })

  it('of the fallback come in several shapes', () => {
    const pong = { t: 'pong' }
    for (const reply of [pong, [pong], { frames: [pong, { t: 'future' }] }]) expect(readFrames(reply)).toEqual([pong])
    expect(readFrames([])).toEqual([])
  })

  it('of a session have limits', () => {
    expect(readSession({ token: 't', texts: { title: 'T', bad: 1 } })).toMatchObject({ token: 't', texts: { title: 'T' }, hot: [], limits: { text: 500, frame: 16384 } })
  })
})
