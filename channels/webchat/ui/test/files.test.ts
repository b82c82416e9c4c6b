import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Chat } from '../src/chat'
import { describe as describeFile, Files, formatSize, refusal, upload } from '../src/files'
import { openStorage } from '../src/storage'
import { Store } from '../src/store'
import { fit } from '../src/view/media'
import { conv, frame, mine, pushed, ready } from './frames'

const limit = 10 << 20
const file = (name: string, type: string, size = 3) => Object.defineProperty(new File(['abc'], name, { type }), 'size', { value: size })

/** A request that does what the test says. */
class FakeRequest {
  static all: FakeRequest[] = []
  upload: { onprogress?: (e: ProgressEvent) => void } = {}
  onload?: () => void
  onerror?: () => void
  onabort?: () => void
  timeout = 0
  status = 0
  responseText = ''
  url = ''
  headers: Record<string, string> = {}
  body: unknown
  aborted = false
  retryAfter = ''

  constructor() {
    FakeRequest.all.push(this)
  }
  open(_method: string, url: string) {
    this.url = url
  }
  setRequestHeader(name: string, value: string) {
    this.headers[name] = value
  }
  getResponseHeader(name: string) {
    return name === 'Retry-After' ? this.retryAfter : null
  }
  send(body: unknown) {
    this.body = body
  }
  abort() {
    this.aborted = true
    this.onabort?.()
  }
  answer(status: number, body: unknown) {
    this.status = status
    this.responseText = JSON.stringify(body)
    this.onload?.()
  }
}
const Request = FakeRequest as unknown as typeof XMLHttpRequest
const last = () => FakeRequest.all[FakeRequest.all.length - 1]!
const kept = { id: 'file-0001', name: '截图.png', type: 'image/png', size: 3, width: 4, height: 5 }

beforeEach(() => {
  FakeRequest.all = []
  let n = 0
  URL.createObjectURL = () => `blob:${++n}`
  URL.revokeObjectURL = vi.fn()
})
afterEach(() => vi.useRealTimers())

describe('before the upload', () => {
  it.each([
    ['a.png', 'image/png', 3, ''], ['a.heic', 'image/heic', 3, 'kind'], ['a.svg', 'image/svg+xml', 3, 'kind'], ['a.html', 'text/html', 3, 'kind'], ['a.exe', '', 3, 'kind'],
    ['a.PDF', '', 3, ''], ['a.docx', 'x', 3, ''], ['', 'image/png', 3, ''], ['a', '', 3, 'kind'], ['a.mp4', 'video/mp4', limit, ''], ['a.mp4', 'video/mp4', limit + 1, 'large'],
    ['a.zip', 'application/zip', 3, 'kind'], ['a.png', 'image/png', 0, 'empty'],
  ])('%s of %s with %d bytes: %j', (name, type, size, want) => expect(refusal(file(name, type, size), limit)).toBe(want))

  it('has a name and a type in any case', () => {
    expect(describeFile(file('', 'image/png'))).toMatchObject({ id: '', name: 'image.png', type: 'image/png' })
    expect(describeFile(file('a.jpg', ''))).toMatchObject({ type: 'image/jpeg' })
    expect(describeFile(file('a.pdf', ''))).toMatchObject({ type: 'application/octet-stream' })
  })

  it.each([[0, '0 B'], [812, '812 B'], [34_900, '34 KB'], [1024 * 1024, '1 MB'], [1_300_000, '1.2 MB'], [limit, '10 MB']])(
    '%d bytes are %s', (bytes, want) => expect(formatSize(bytes)).toBe(want.replace(' ', '\u00a0')))

  it.each([
    [600, 800, 195, 260], [4000, 100, 220, 72], [10, 10, 72, 72], [200, 100, 200, 100], [0, 0, 160, 120],
  ])('an image of %d × %d is painted in %d × %d', (w, h, width, height) => expect(fit(w, h)).toEqual({ width, height }))
})

describe('an upload', () => {
  it('sends the content, with the token in a header only', async () => {
    const parts: number[] = []
    const u = upload(Request, '/chat/', 'secret', '截 图.png', file('x', 'image/png'), (p) => parts.push(p))
    expect(last().url).toBe('/chat/upload?name=%E6%88%AA%20%E5%9B%BE.png')
    expect(last().headers.Authorization).toBe('Bearer secret')
    last().upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 } as ProgressEvent)
    last().answer(200, kept)
    expect(await u.done).toEqual(kept)
    expect(parts).toEqual([0.25])
  })

  it.each([
    [413, { error: { code: 4132, text: '太大' } }, { code: 4132, message: '太大' }],
    [429, { error: { code: 4290, text: '太快', retry_after: 2 } }, { code: 4290, retryAfter: 2 }],
    [502, '<html>', { code: 5020 }],
    [200, {}, { code: 0 }],
  ])('that is answered with %d fails', async (status, body, want) => {
    const u = upload(Request, '/', 't', 'a', file('a', 'image/png'), () => undefined)
    last().answer(status, body)
    await expect(u.done).rejects.toMatchObject(want)
  })

  it('can be cancelled', async () => {
    const u = upload(Request, '/', 't', 'a', file('a', 'image/png'), () => undefined)
    u.cancel()
    await expect(u.done).rejects.toMatchObject({ code: 0 })
    expect(last().aborted).toBe(true)
  })
})

describe('files at hand', () => {
  const blob = new Blob(['x'])
  const reply = (ok: boolean) => ({ ok, status: ok ? 200 : 404, blob: () => Promise.resolve(blob) }) as Response

  it('are fetched once, with the token in a header only', async () => {
    const fetcher = vi.fn(() => Promise.resolve(reply(true)))
    const files = new Files(fetcher as unknown as typeof fetch, '/chat/', () => 'secret')
    const [a, b] = await Promise.all([files.get('file/1'), files.get('file/1')])
    expect([a, b, await files.get('file/1')]).toEqual(['blob:1', 'blob:1', 'blob:1'])
    expect(fetcher).toHaveBeenCalledTimes(1)
    expect(fetcher).toHaveBeenCalledWith('/chat/file/file%2F1', expect.objectContaining({ headers: { Authorization: 'Bearer secret' } }))
  })

  it('are asked for again after a failure', async () => {
    const fetcher = vi.fn().mockResolvedValueOnce(reply(false)).mockResolvedValueOnce(reply(true))
    const files = new Files(fetcher as unknown as typeof fetch, '/', () => '')
    await expect(files.get('a')).rejects.toMatchObject({ code: 4040 })
    expect(await files.get('a')).toBe('blob:1')
  })

  it('of the visitor are not fetched, and the oldest go', async () => {
    const fetcher = vi.fn()
    const files = new Files(fetcher as unknown as typeof fetch, '/', () => '')
    files.put('id-mine', blob)
    files.rename('id-mine', 'file-1')
    expect(await files.get('file-1')).toBe('blob:1')
    expect(files.at('id-mine')).toBe('')
    for (let i = 0; i < 40; i++) files.put('more-' + i, blob)
    expect(files.at('file-1')).toBe('')
    expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1')
    expect(fetcher).not.toHaveBeenCalled()
  })
})

describe('in the outbox', () => {
  const now = 5_000
  let store: Store
  beforeEach(() => {
    store = new Store()
    store.apply(ready(), now)
    store.add('id-file', { kind: 'image' }, now, { ...kept, id: '' })
    store.add('id-text', { kind: 'text', text: '看图' }, now)
  })

  it('a file holds nothing up, and is sent when it is uploaded', () => {
    expect(store.next(now)?.id).toBe('id-text')
    store.uploaded('id-file', kept, now)
    expect(store.next(now)).toMatchObject({ id: 'id-file', send: { kind: 'image', file: 'file-0001' } })
    store.sent('id-file', now)
    store.apply(pushed(mine(1, 'id-file', { kind: 'image', card: { file: kept } })), now)
    expect(store.outbox.map((p) => p.id)).toEqual(['id-text'])
    expect(store.messages[0]?.card.file).toEqual(kept)
  })

  it('one that failed is uploaded again when the visitor wants it', () => {
    store.notUploaded('id-file', '太大', now)
    expect(store.outbox[0]).toMatchObject({ state: 'failed', error: '太大' })
    store.retry('id-file', now)
    expect(store.outbox[0]?.state).toBe('uploading')
  })

  it('one that was refused after its upload is not uploaded again', () => {
    store.uploaded('id-file', kept, now)
    store.next(now)
    store.sent('id-file', now)
    store.apply(frame({ t: 'error', id: 'id-file', code: 4040, text: '没有' }), now)
    store.retry('id-file', now)
    expect(store.outbox[0]).toMatchObject({ state: 'queued', send: { file: 'file-0001' } })
  })

  it('an uploaded one survives a reload, another is shown as lost', () => {
    store.add('id-done', { kind: 'file' }, now, { ...kept, id: '' })
    store.uploaded('id-done', kept, now)
    const next = new Store()
    next.restore(store.save())
    expect(next.outbox.map((p) => [p.id, p.state, p.file?.id, p.file?.name])).toEqual([
      ['id-file', 'failed', '', '截图.png'], ['id-text', 'queued', undefined, undefined], ['id-done', 'queued', 'file-0001', '截图.png'],
    ])
    next.restore('[{"id":"id-x","send":{"kind":"file"},"file":7}]')
    expect(next.outbox[3]).toMatchObject({ id: 'id-x', state: 'failed' })
  })
})

// The whole way, over the fallback, which needs no socket.
describe('a chat', () => {
  const sent: Record<string, unknown>[] = []
  let chat: Chat
  const settle = () => vi.advanceTimersByTimeAsync(50)

  beforeEach(async () => {
    vi.useFakeTimers()
    sent.length = 0
    sessionStorage.clear()
    const reply = (body: unknown) => Promise.resolve(new Response(JSON.stringify(body)))
    const fetcher = (url: string, init: RequestInit) => {
      if (url.endsWith('session')) return reply({ token: 'secret', ticket: 't', visitor: 'v', limits: {} })
      if (url.includes('poll')) return new Promise<Response>(() => undefined)
      const f = JSON.parse(String(init.body))
      if (f.t === 'hello') return reply({ frames: [{ t: 'ready', conversation: conv, seq: 0, messages: [] }] })
      sent.push(f)
      return reply({ frames: [{ t: 'ack', id: f.id, conversation: conv, seq: sent.length, at: 1 }] })
    }
    chat = new Chat({
      base: '/chat/', profile: { account: '', language: 'zh-CN', page: '', title: '', referrer: '', name: '' },
      kept: openStorage('localStorage'), passing: openStorage('sessionStorage'), fetch: fetcher as unknown as typeof fetch, WebSocket: undefined,
      XMLHttpRequest: Request, changed: () => undefined, arrived: () => undefined, rejected: () => undefined, greeting: () => undefined,
    })
    chat.start()
    await settle()
  })

  const picked = (name: string) => ({ content: file(name, 'image/png'), width: 4, height: 5 })
  const state = (i = 0) => chat.store.outbox[i]?.state

  it('uploads one file after the other and sends each by its id', async () => {
    chat.sendFiles([picked('a.png'), picked('b.png')])
    expect(FakeRequest.all).toHaveLength(1)
    last().upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 2 } as ProgressEvent)
    expect(chat.progress(chat.store.outbox[0]!.id)).toBe(0.5)
    last().answer(200, kept)
    await settle()
    last().answer(200, { ...kept, id: 'file-0002' })
    await settle()
    expect(FakeRequest.all).toHaveLength(2)
    expect(sent.map((f) => [f.kind, f.file])).toEqual([['image', 'file-0001'], ['image', 'file-0002']])
    expect(chat.files.at('file-0001')).toBe('blob:1') // what was sent is not fetched
  })

  it('tries again by itself when the way is bad, then lets the visitor decide', async () => {
    chat.sendFiles([picked('a.png')])
    for (const pause of [2000, 4000]) {
      last().onerror?.()
      await settle()
      expect(state()).toBe('uploading')
      await vi.advanceTimersByTimeAsync(pause)
    }
    expect(FakeRequest.all).toHaveLength(3)
    last().onerror?.()
    await settle()
    expect(state()).toBe('failed')
    chat.retry(chat.store.outbox[0]!.id)
    expect(FakeRequest.all).toHaveLength(4)
    last().answer(200, kept)
    await settle()
    expect(sent).toHaveLength(1)
  })

  it('does not try again what the server refuses', async () => {
    chat.sendFiles([picked('a.png')])
    last().answer(415, { error: { code: 4150, text: '不支持发送这种文件' } })
    await settle()
    expect(chat.store.outbox[0]).toMatchObject({ state: 'failed', error: '不支持发送这种文件' })
    expect(FakeRequest.all).toHaveLength(1)
  })

  it('waits as long as the server asks for', async () => {
    chat.sendFiles([picked('a.png')])
    last().answer(429, { error: { code: 4290, text: '太快', retry_after: 7 } })
    await vi.advanceTimersByTimeAsync(6900)
    expect(FakeRequest.all).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(200)
    expect(FakeRequest.all).toHaveLength(2)
  })

  it('cancels what is removed', async () => {
    chat.sendFiles([picked('a.png'), picked('b.png')])
    chat.remove(chat.store.outbox[0]!.id)
    await settle()
    expect(FakeRequest.all[0]!.aborted).toBe(true)
    expect(chat.store.outbox).toHaveLength(1)
    expect(FakeRequest.all).toHaveLength(2) // the next one begins
    expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1')
  })

  it('sends the message under its own id, once', async () => {
    chat.sendFiles([picked('a.png')])
    const id = chat.store.outbox[0]!.id
    last().answer(200, kept)
    await settle()
    expect(sent).toEqual([{ t: 'send', id, kind: 'image', file: 'file-0001' }])
    expect(state()).toBe('acked')
  })
})
