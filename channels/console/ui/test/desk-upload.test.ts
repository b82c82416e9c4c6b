import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { api, ApiError, type Schemas } from '../src/api'
import { calls } from '../src/desk/calls'

class FakeRequest {
  static made: FakeRequest[] = []
  status = 0
  responseText = ''
  timeout = 0
  address = ''
  headers: Record<string, string> = {}
  sent: unknown
  upload: { onprogress?: (e: object) => void } = {}
  onload?: () => void
  onabort?: () => void
  open(method: string, address: string): void {
    FakeRequest.made.push(this)
    this.address = method + ' ' + address
  }
  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value
  }
  send(content: unknown): void {
    this.sent = content
  }
  abort(): void {
    this.onabort?.()
  }
  answer(status: number, body: object): void {
    Object.assign(this, { status, responseText: JSON.stringify(body) })
    this.onload?.()
  }
}

const me = (csrf: string) => ({ account: { id: 'A1' }, rights: [], until: 0, csrf }) as unknown as Schemas['Me']
const content = new Blob(['abc'])
const made = (n: number) => vi.waitUntil(() => FakeRequest.made[n])
const tokens = () => FakeRequest.made.map((r) => r.headers['X-CSRF-Token'])

beforeEach(() => {
  FakeRequest.made = []
  vi.stubGlobal('XMLHttpRequest', FakeRequest)
  vi.stubGlobal('fetch', async () => new Response(JSON.stringify(me('two'))))
  api.writesAs(me('one'))
})
afterEach(() => {
  vi.unstubAllGlobals()
  api.writesAs(undefined)
})

it('sends a file with the token, and tells how far it is', async () => {
  const progress = vi.fn()
  const upload = calls.upload('C/1', '账单 1.png', content, progress)
  const r = await made(0)
  expect(r.address).toBe('POST /console/api/desk/conversations/C%2F1/files?name=%E8%B4%A6%E5%8D%95%201.png')
  expect(r.headers).toEqual({ 'Content-Type': 'application/octet-stream', 'X-CSRF-Token': 'one' })
  r.upload.onprogress?.({ lengthComputable: true, loaded: 1, total: 4 })
  r.answer(200, { id: 'F1', name: '账单 1.png', type: 'image/png', size: 3 })
  await expect(upload.done).resolves.toMatchObject({ id: 'F1' })
  expect(progress).toHaveBeenCalledWith(0.25)
})

it('sends it once more when the token has changed', async () => {
  const upload = calls.upload('C1', 'a.png', content, () => {})
  ;(await made(0)).answer(403, { code: 'csrf', title: '登录状态已变化' })
  ;(await made(1)).answer(200, { id: 'F1' })
  await expect(upload.done).resolves.toMatchObject({ id: 'F1' })
  expect(tokens()).toEqual(['one', 'two'])
  expect(FakeRequest.made[1]!.sent).toBe(content)
})

it('is canceled, also between the two', async () => {
  const first = calls.upload('C1', 'a.png', content, () => {})
  await made(0)
  first.cancel()
  await expect(first.done).rejects.toMatchObject({ code: 'canceled' })
  const second = calls.upload('C1', 'a.png', content, () => {})
  ;(await made(1)).answer(403, { code: 'csrf', title: '登录状态已变化' })
  second.cancel()
  await expect(second.done).rejects.toBeInstanceOf(ApiError)
  await expect(second.done).rejects.toMatchObject({ code: 'canceled' })
  expect(FakeRequest.made).toHaveLength(2)
})
