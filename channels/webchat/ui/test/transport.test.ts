import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ServerFrame, Session } from '../src/protocol'
import { RequestError } from '../src/session'
import { Transport, type LinkState } from '../src/transport'

/** A socket that the test opens, feeds and closes. */
class FakeSocket {
  static all: FakeSocket[] = []
  static get last() {
    return FakeSocket.all[FakeSocket.all.length - 1]!
  }
  readyState = 0
  sent: Record<string, unknown>[] = []
  closed = false
  onopen: (() => void) | null = null
  onmessage: ((e: { data: unknown }) => void) | null = null
  onclose: ((e: { code: number; reason: string }) => void) | null = null
  constructor(readonly url: string) {
    FakeSocket.all.push(this)
  }
  send(data: string) {
    this.sent.push(JSON.parse(data))
  }
  close() {
    this.closed = true
  }
  open() {
    this.readyState = 1
    this.onopen?.()
  }
  say(f: Record<string, unknown>) {
    this.onmessage?.({ data: JSON.stringify(f) })
  }
  end(code: number, reason = '') {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
  greet() {
    this.open()
    this.say({ t: 'ready', conversation: 'c', seq: 0 })
  }
}

const session: Session = { token: 'token', ticket: 'a ticket', visitor: 'v', texts: {}, hot: [], limits: { text: 500, frame: 16384, file: 1000 } }

let states: LinkState[]
let frames: ServerFrame[]
let opened: number
let open: () => Promise<Session>
let requests: { path: string; body: string; auth: string }[]
let answer: (path: string) => unknown

function transport(Socket: unknown = FakeSocket) {
  return new Transport({
    base: 'https://chat.example/chat/',
    fetch: (async (url: string, init: RequestInit) => {
      const path = url.replace('https://chat.example/chat/', '')
      requests.push({ path, body: String(init.body ?? ''), auth: (init.headers as Record<string, string>).Authorization ?? '' })
      const reply = await answer(path)
      return { ok: true, status: 200, headers: new Headers(), text: async () => JSON.stringify(reply) }
    }) as unknown as typeof fetch,
    WebSocket: Socket as typeof WebSocket,
    random: () => 1,
    open: () => (opened++, open()),
    hello: () => ({ t: 'hello', conversation: 'c', after: 3, profile: { page: '', title: '' } }),
    position: () => ({ conversation: 'c', after: 3 }),
    session: () => undefined,
    frame: (f) => frames.push(f),
    state: (s) => states.push(s),
  })
}

const mode = () => states[states.length - 1]?.mode
const tick = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.all = []
  states = []
  frames = []
  requests = []
  opened = 0
  open = async () => session
  answer = () => new Promise(() => undefined)
})
afterEach(() => {
  vi.useRealTimers()
})

async function online() {
  const t = transport()
  t.start()
  await tick()
  FakeSocket.last.greet()
  return t
}

describe('the socket', () => {
  it('opens with a ticket, says hello and is online when it is answered', async () => {
    const t = transport()
    t.start()
    await tick()
    expect(FakeSocket.last.url).toBe('wss://chat.example/chat/socket?ticket=a%20ticket')
    expect(t.send({ t: 'ping' })).toBe(false)
    FakeSocket.last.open()
    expect(FakeSocket.last.sent).toEqual([{ t: 'hello', conversation: 'c', after: 3, profile: { page: '', title: '' } }])
    expect(mode()).toBe('connecting')
    FakeSocket.last.say({ t: 'ready', conversation: 'c' })
    expect(mode()).toBe('online')
    expect(frames).toMatchObject([{ t: 'ready' }])
    expect(t.send({ t: 'typing' })).toBe(true)
    expect(FakeSocket.last.sent[1]).toEqual({ t: 'typing' })
  })

  it('comes back with a new ticket, later each time', async () => {
    await online()
    for (const pause of [500, 1000, 2000, 4000]) {
      FakeSocket.last.end(1006)
      expect(mode()).toBe('waiting')
      const before = opened
      await tick(pause - 1)
      expect(opened).toBe(before)
      await tick(1)
      expect(opened).toBe(before + 1)
      FakeSocket.last.greet()
      expect(mode()).toBe('online')
    }
  })

  it('forgets the pauses after a steady time', async () => {
    await online()
    FakeSocket.last.end(1006)
    await tick(500)
    FakeSocket.last.greet()
    await tick(10_000)
    FakeSocket.last.end(1006)
    await tick(500)
    expect(opened).toBe(3)
  })

  it('pings when it is quiet and gives up when nothing answers', async () => {
    await online()
    const socket = FakeSocket.last
    await tick(25_000)
    expect(socket.sent[1]).toEqual({ t: 'ping' })
    socket.say({ t: 'pong' })
    expect(frames).toHaveLength(1) // pongs are nobody's business
    await tick(25_000 + 9_999)
    expect(mode()).toBe('online')
    await tick(1)
    expect(mode()).toBe('waiting')
    expect(socket.closed).toBe(true)
  })

  it('is checked at once when the page is looked at again', async () => {
    const t = await online()
    t.wake()
    expect(FakeSocket.last.sent[1]).toEqual({ t: 'ping' })
    await tick(5_000)
    expect(mode()).toBe('waiting')
  })

  it('ignores a socket that it has given up', async () => {
    await online()
    const old = FakeSocket.last
    const late = old.onmessage!
    await tick(35_000)
    await tick(500)
    FakeSocket.last.greet()
    const count = frames.length
    late({ data: '{"t":"typing","author":"bot"}' })
    expect(frames).toHaveLength(count)
    expect(mode()).toBe('online')
  })

  it('comes back at once when the network does', async () => {
    const t = await online()
    for (let i = 0; i < 4; i++) {
      FakeSocket.last.end(1006)
      await tick(500 * 2 ** i)
      FakeSocket.last.greet()
    }
    FakeSocket.last.end(1006)
    const before = opened
    t.wake()
    expect(opened).toBe(before + 1)
  })
})

describe('the numbers of a closed socket', () => {
  it('3101: a new session', async () => {
    await online()
    FakeSocket.last.end(3101)
    await tick(500)
    expect(opened).toBe(2)
  })

  it('3201: not before the time, not even when the network comes back', async () => {
    const t = await online()
    FakeSocket.last.end(3201, 'retry_after=30 too many frames')
    t.wake()
    await tick(29_999)
    t.wake()
    expect(opened).toBe(1)
    await tick(501)
    expect(opened).toBe(2)
  })

  it.each([3301, 1003, 1007, 1009])('%i: not by itself, but when the visitor wants it', async (code) => {
    const t = await online()
    FakeSocket.last.end(code)
    expect(states[states.length - 1]).toMatchObject({ mode: 'stopped', code })
    t.wake()
    await tick(600_000)
    expect(opened).toBe(1)
    t.retry()
    expect(opened).toBe(2)
  })
})

describe('the session', () => {
  it('refused for the origin stops', async () => {
    open = async () => { throw new RequestError(4030, '不允许') }
    transport().start()
    await tick()
    expect(states[states.length - 1]).toEqual({ mode: 'stopped', code: 4030, text: '不允许' })
  })

  it('of a server that starts is asked for again when it says so', async () => {
    open = async () => { throw new RequestError(5030, '', 3) }
    transport().start()
    await tick(3_000)
    expect(opened).toBe(1)
    await tick(500)
    expect(opened).toBe(2)
  })

  it('without a network is tried again', async () => {
    open = async () => { throw new RequestError(0, 'offline') }
    transport().start()
    await tick(500)
    await tick(1000)
    expect(opened).toBe(3)
    expect(requests).toEqual([])
  })
})

describe('the fallback', () => {
  /** Lets sockets fail until the fallback is taken. */
  async function fail(t: Transport) {
    t.start()
    await tick()
    for (const pause of [500, 1000, 2000]) {
      FakeSocket.last.end(1006)
      await tick(pause)
    }
  }

  it('is taken after three failures within a minute', async () => {
    answer = (path) => (path === 'send' ? { frames: [{ t: 'ready', conversation: 'c' }] } : new Promise(() => undefined))
    await fail(transport())
    expect(FakeSocket.all).toHaveLength(3)
    expect(mode()).toBe('fallback')
    expect(requests.map((r) => r.path)).toEqual(['send', 'poll?conversation=c&after=3'])
    expect(JSON.parse(requests[0]!.body)).toMatchObject({ t: 'hello' })
    expect(requests[0]!.auth).toBe('Bearer token')
  })

  it('is not taken for failures far apart', async () => {
    const t = transport()
    t.start()
    await tick()
    for (let i = 0; i < 5; i++) {
      const count = FakeSocket.all.length
      open = async () => { throw new RequestError(0, 'offline') }
      FakeSocket.last.end(1006)
      await tick(61_000)
      open = async () => session
      while (FakeSocket.all.length === count) await tick(500)
    }
    expect(FakeSocket.all).toHaveLength(6)
    expect(requests).toEqual([])
  })

  it('is taken at once without sockets', async () => {
    answer = (path) => (path === 'send' ? [{ t: 'ready', conversation: 'c' }] : new Promise(() => undefined))
    transport(null).start()
    await tick()
    expect(mode()).toBe('fallback')
  })

  it('sends frames in order and brings the replies', async () => {
    const order: string[] = []
    answer = async (path) => {
      if (path !== 'send') return new Promise(() => undefined)
      const f = JSON.parse(requests[requests.length - 1]!.body)
      order.push(f.id ?? f.t)
      await new Promise((done) => setTimeout(done, f.id === 'first' ? 3000 : 10))
      return { frames: f.t === 'hello' ? [{ t: 'ready', conversation: 'c' }] : [{ t: 'ack', id: f.id, conversation: 'c', seq: 1, at: 1 }] }
    }
    const t = transport(null)
    t.start()
    await tick(20)
    t.send({ t: 'send', id: 'first', kind: 'text', text: '1' })
    t.send({ t: 'send', id: 'second', kind: 'text', text: '2' })
    t.send({ t: 'typing' })
    await tick(4000)
    expect(order).toEqual(['hello', 'first', 'second'])
    expect(frames.map((f) => ('id' in f ? f.id : f.t))).toEqual(['ready', 'first', 'second'])
  })

  it('tries the socket every minute, and goes back to it', async () => {
    answer = (path) => (path === 'send' ? [{ t: 'ready', conversation: 'c' }] : new Promise(() => undefined))
    const t = transport()
    await fail(t)
    await tick(60_000)
    expect(FakeSocket.all).toHaveLength(4)
    expect(mode()).toBe('fallback')
    FakeSocket.last.end(1006)
    await tick(60_000)
    expect(FakeSocket.all).toHaveLength(5)
    FakeSocket.last.greet()
    expect(mode()).toBe('online')
    t.send({ t: 'typing' })
    expect(FakeSocket.last.sent[1]).toEqual({ t: 'typing' })
    FakeSocket.last.end(1001)
    expect(mode()).toBe('waiting')
  })

  it('comes back when it breaks', async () => {
    answer = (path) => (path === 'send' ? [{ t: 'ready', conversation: 'c' }] : Promise.reject(new Error('network')))
    transport(null).start()
    await tick()
    expect(mode()).toBe('waiting')
    await tick(500)
    expect(opened).toBe(2)
  })

  it('does not ask without a pause', async () => {
    answer = (path) => (path === 'send' ? [{ t: 'ready', conversation: 'c' }] : { frames: [] })
    transport(null).start()
    await tick(10_000)
    expect(requests.length).toBeLessThan(15)
    expect(requests.length).toBeGreaterThan(5)
  })
})
