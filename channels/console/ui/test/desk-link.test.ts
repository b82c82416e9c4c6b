import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ApiError } from '../src/api'
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
let tickets: number
let ticket: () => Promise<string>
const last = (): FakeSocket => FakeSocket.made.at(-1)!
const count = (): number => FakeSocket.made.length

const pass = (time: number) => vi.advanceTimersByTimeAsync(time)

/** A link that has its ticket, if there is one to have. */
async function link(random = 1): Promise<DeskLink> {
  const made = new DeskLink(
    { Socket: FakeSocket as unknown as typeof WebSocket, url: 'ws://desk', ticket: () => ticket(), random: () => random },
    {
      ready: () => void seen.push('ready'),
      frame: (f) => void frames.push(f),
      down: () => void seen.push('down'),
      over: (why) => void seen.push(why),
    },
  )
  await pass(0)
  return made
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  seen = []
  frames = []
  tickets = 0
  ticket = async () => `t/${++tickets}`
})
afterEach(() => vi.useRealTimers())

it('passes frames on once it is ready', async () => {
  await link()
  last().say({ t: 'leaves' })
  last().say({ t: 'ready' })
  last().say({ t: 'leaves' })
  last().say({ t: 'pong' })
  last().onmessage?.({ data: 'not JSON' })
  expect(seen).toEqual(['ready'])
  expect(frames).toEqual([{ t: 'leaves' }])
})

it('pings, and comes back when no answer comes', async () => {
  await link()
  last().say({ t: 'ready' })
  await pass(20_000)
  expect(last().sent).toEqual(['{"t":"ping"}'])
  last().say({ t: 'pong' })
  await pass(20_000)
  expect(last().sent).toHaveLength(2)
  await pass(10_000)
  expect(seen).toEqual(['ready', 'down'])
  await pass(500)
  expect(count()).toBe(2)
})

it('waits longer after each failure, with jitter, and begins anew once it stood', async () => {
  await link(0)
  for (const pause of [250, 500, 1000, 2000]) {
    const before = count()
    last().onclose?.({ code: 1006, reason: '' })
    await pass(pause - 1)
    expect(count()).toBe(before)
    await pass(1)
    expect(count()).toBe(before + 1)
  }
  last().say({ t: 'ready' })
  const before = count()
  last().onclose?.({ code: 1001, reason: '' })
  await pass(250)
  expect(count()).toBe(before + 1)
})

it('stays away as long as the server asks, even when the network is back', async () => {
  const l = await link()
  last().onclose?.({ code: 3201, reason: 'retry_after=30 too many frames' })
  await pass(29_000)
  l.check()
  expect(count()).toBe(1)
  await pass(1_000)
  expect(count()).toBe(2)
})

it('ends when signed out or refused, and when closed', async () => {
  await link()
  last().onclose?.({ code: 3102, reason: '' })
  await link()
  last().onclose?.({ code: 3301, reason: '' })
  const l = await link()
  last().say({ t: 'ready' })
  l.close()
  l.send({ t: 'watch' })
  await pass(120_000)
  expect(seen).toEqual(['signed_out', 'refused', 'ready'])
  expect(count()).toBe(3)
})

it('opens each socket with a ticket of its own', async () => {
  await link()
  last().onclose?.({ code: 1006, reason: '' })
  await pass(500)
  expect(FakeSocket.made.map((s) => s.url)).toEqual(['ws://desk?ticket=t%2F1', 'ws://desk?ticket=t%2F2'])
})

it('comes back when there is no ticket for now', async () => {
  const good = ticket
  ticket = () => Promise.reject(new ApiError(503, 'busy', '忙', {}, 30))
  const l = await link()
  expect(seen).toEqual(['down'])
  ticket = () => Promise.reject(new TypeError('broken'))
  await pass(29_999)
  l.check()
  expect(seen).toEqual(['down'])
  await pass(1)
  expect(seen).toEqual(['down', 'down'])
  ticket = good
  await pass(1_000)
  expect(count()).toBe(1)
})

it.each([
  ['session', 401, 'signed_out'],
  ['must_change', 403, 'signed_out'],
  ['csrf', 403, 'refused'],
  ['forbidden', 403, 'refused'],
])('ends when the ticket is refused with %s', async (code, status, why) => {
  ticket = () => Promise.reject(new ApiError(status, code, '不行'))
  await link()
  await pass(120_000)
  expect(seen).toEqual([why])
  expect(count()).toBe(0)
})

it('fetches one ticket at a time, and none that comes too late opens a socket', async () => {
  const waiting: ((ticket: string) => void)[] = []
  ticket = () => new Promise((resolve) => waiting.push(resolve))
  const l = await link()
  l.check()
  expect(waiting).toHaveLength(1)
  await pass(10_000)
  expect(seen).toEqual(['down'])
  waiting[0]!('late')
  await pass(500)
  expect(count()).toBe(0)
  waiting[1]!('good')
  await pass(0)
  expect(FakeSocket.made.map((s) => s.url)).toEqual(['ws://desk?ticket=good'])
})

it('opens nothing once it is closed', async () => {
  let give = (_: string): void => {}
  ticket = () => new Promise((resolve) => (give = resolve))
  ;(await link()).close()
  give('good')
  await pass(120_000)
  expect(count()).toBe(0)
  expect(seen).toEqual([])
})
