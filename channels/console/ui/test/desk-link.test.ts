import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { DeskLink } from '../src/desk/link'
import type { Frame } from '../src/desk/types'

class FakeSocket {
  static made: FakeSocket[] = []
  readyState = 1
  sent: string[] = []
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: { code: number; reason: string }) => void) | null = null
  constructor(readonly url: string) {
    FakeSocket.made.push(this)
  }
  send(data: string): void {
    this.sent.push(data)
  }
  close(): void {
    this.readyState = 3
  }
  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) })
  }
}

let seen: string[]
let frames: Frame[]
const last = (): FakeSocket => FakeSocket.made.at(-1)!
const count = (): number => FakeSocket.made.length

function link(random = 1): DeskLink {
  return new DeskLink(
    { Socket: FakeSocket as unknown as typeof WebSocket, url: 'ws://desk', random: () => random },
    {
      ready: () => void seen.push('ready'),
      frame: (f) => void frames.push(f),
      down: () => void seen.push('down'),
      over: (why) => void seen.push(why),
    },
  )
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  seen = []
  frames = []
})
afterEach(() => vi.useRealTimers())

it('passes frames on once it is ready', () => {
  link()
  last().say({ t: 'leaves' })
  last().say({ t: 'ready' })
  last().say({ t: 'leaves' })
  last().say({ t: 'pong' })
  last().onmessage?.({ data: 'not JSON' })
  expect(seen).toEqual(['ready'])
  expect(frames).toEqual([{ t: 'leaves' }])
})

it('pings, and comes back when no answer comes', () => {
  link()
  last().say({ t: 'ready' })
  vi.advanceTimersByTime(20_000)
  expect(last().sent).toEqual(['{"t":"ping"}'])
  last().say({ t: 'pong' })
  vi.advanceTimersByTime(20_000)
  expect(last().sent).toHaveLength(2)
  vi.advanceTimersByTime(10_000)
  expect(seen).toEqual(['ready', 'down'])
  vi.advanceTimersByTime(500)
  expect(count()).toBe(2)
})

it('waits longer after each failure, with jitter, and begins anew once it stood', () => {
  link(0)
  for (const pause of [250, 500, 1000, 2000]) {
    const before = count()
    last().onclose?.({ code: 1006, reason: '' })
    vi.advanceTimersByTime(pause - 1)
    expect(count()).toBe(before)
    vi.advanceTimersByTime(1)
    expect(count()).toBe(before + 1)
  }
  last().say({ t: 'ready' })
  const before = count()
  last().onclose?.({ code: 1001, reason: '' })
  vi.advanceTimersByTime(250)
  expect(count()).toBe(before + 1)
})

it('stays away as long as the server asks, even when the network is back', () => {
  const l = link()
  last().onclose?.({ code: 3201, reason: 'retry_after=30 too many frames' })
  vi.advanceTimersByTime(29_000)
  l.check()
  expect(count()).toBe(1)
  vi.advanceTimersByTime(1_000)
  expect(count()).toBe(2)
})

it('ends when signed out or refused, and when closed', () => {
  link()
  last().onclose?.({ code: 3102, reason: '' })
  link()
  last().onclose?.({ code: 3301, reason: '' })
  const l = link()
  last().say({ t: 'ready' })
  l.close()
  l.send({ t: 'watch' })
  vi.advanceTimersByTime(120_000)
  expect(seen).toEqual(['signed_out', 'refused', 'ready'])
  expect(count()).toBe(3)
})
