import { describe, expect, test, vi } from 'vitest'
import { Api, ApiError, textOf, type Schemas } from '../src/api'

/** An API before a server that answers with this. */
function before(answer: Response | Error) {
  const fetch = vi.fn(async (_url: string, _init?: RequestInit) => {
    if (answer instanceof Error) throw answer
    return answer
  })
  return { api: new Api(fetch as unknown as typeof globalThis.fetch), fetch }
}

/** An API before a server that answers by address and token. */
function answering(answer: (url: string, token: string | undefined) => Response) {
  const fetch = vi.fn(async (url: string, init?: RequestInit) => answer(url, (init?.headers as Record<string, string>)['X-CSRF-Token']))
  return { api: new Api(fetch as unknown as typeof globalThis.fetch), fetch }
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(status === 204 ? null : JSON.stringify(body), { status, headers })

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const e = await promise.then(() => undefined, (e: unknown) => e)
  expect(e).toBeInstanceOf(ApiError)
  return e as ApiError
}

describe('what is asked', () => {
  test('reads have no body and take the cookie along', async () => {
    const { api, fetch } = before(json(200, { records: [], more: false }))
    await api.get('/audit', { query: { what: 'staff.', account: '', since: 0, before: 12 } })
    const [url, init] = fetch.mock.calls[0]!
    expect(url).toBe('/console/api/audit?what=staff.&before=12')
    expect(init).toMatchObject({ method: 'GET', credentials: 'same-origin' })
    expect(init?.body).toBeUndefined()
  })

  test('writes are JSON, also without a body', async () => {
    const { api, fetch } = before(json(204, undefined))
    await expect(api.delete('/session')).resolves.toBeUndefined()
    expect(fetch.mock.calls[0]![1]).toMatchObject({ method: 'DELETE', headers: { 'Content-Type': 'application/json' } })
  })

  test('values in a path cannot leave their place', async () => {
    const { api, fetch } = before(json(200, { password: 'x' }))
    await api.post('/staff/{id}/password', { path: { id: '../a b?c' } })
    expect(fetch.mock.calls[0]![0]).toBe('/console/api/staff/..%2Fa%20b%3Fc/password')
  })

  test('a file comes with the name that the server gives it', async () => {
    const { api } = before(new Response('a,b', { headers: { 'Content-Disposition': 'attachment; filename="audit-1.csv"' } }))
    const file = await api.file('/audit/export', { reason: 'x' })
    expect(file.name).toBe('audit-1.csv')
    expect(file.content.size).toBe(3)
  })
})

describe('the token of the session', () => {
  const me = (csrf: string, id = 'A1') => ({ account: { id }, rights: [], until: 0, csrf }) as unknown as Schemas['Me']
  const refused = () => json(403, { status: 403, code: 'csrf', title: '登录状态已变化' })
  const sent = (fetch: ReturnType<typeof answering>['fetch']) =>
    fetch.mock.calls.map(([url, init]) => `${init!.method} ${url} ${(init!.headers as Record<string, string>)['X-CSRF-Token'] ?? ''}`.trim())

  test('goes with writes only', async () => {
    const { api, fetch } = answering(() => json(204, undefined))
    api.writesAs(me('one'))
    await api.delete('/session')
    await api.get('/colleagues').catch(() => {})
    api.writesAs(undefined)
    await api.post('/me/totp')
    expect(sent(fetch)).toEqual(['DELETE /console/api/session one', 'GET /console/api/colleagues', 'POST /console/api/me/totp'])
  })

  test('is asked for once when another tab has signed in anew', async () => {
    const { api, fetch } = answering((url, token) => (url.endsWith('/me') ? json(200, me('two')) : token === 'two' ? json(204, undefined) : refused()))
    api.writesAs(me('one'))
    await api.post('/me/password', { body: { old: 'a', new: 'b' } })
    await api.delete('/session')
    expect(sent(fetch)).toEqual([
      'POST /console/api/me/password one', 'GET /console/api/me', 'POST /console/api/me/password two', 'DELETE /console/api/session two',
    ])
    expect(fetch.mock.calls[2]![1]!.body).toBe('{"old":"a","new":"b"}')
  })

  test('is not asked for again and again', async () => {
    const { api, fetch } = answering((url) => (url.endsWith('/me') ? json(200, me('two')) : refused()))
    expect(await failure(api.delete('/session'))).toMatchObject({ status: 403, code: 'csrf', temporary: false })
    expect(fetch).toHaveBeenCalledTimes(3)
  })

  test('of somebody else is not used', async () => {
    const { api, fetch } = answering((url) => (url.endsWith('/me') ? json(200, me('two', 'B2')) : refused()))
    api.writesAs(me('one'))
    for (const write of [() => api.delete('/session'), () => api.post('/me/totp')]) {
      expect((await failure(write())).message).toContain('换了账号')
    }
    expect(sent(fetch).filter((line) => line.endsWith('two'))).toEqual([])
  })

  test('a session that has ended turns away', async () => {
    const { api } = answering((url) => (url.endsWith('/me') ? json(401, { status: 401, code: 'session', title: '过期' }) : refused()))
    const watch = vi.fn()
    api.onTurnedAway(watch)
    expect(await failure(api.delete('/session'))).toMatchObject({ status: 401, code: 'session' })
    expect(watch).toHaveBeenCalledTimes(1)
  })
})

describe('what goes wrong', () => {
  test('no network', async () => {
    const e = await failure(before(new TypeError('failed to fetch')).api.get('/me'))
    expect(e).toMatchObject({ status: 0, code: 'network', temporary: true })
    expect(textOf(e)).toBe('网络连接失败，请检查网络后重试')
  })

  test('a body that breaks off', async () => {
    const e = await failure(before(new Response('{"acc', { status: 200 })).api.get('/me'))
    expect(e.code).toBe('network')
  })

  test.each([
    [401, 'session', true],
    [403, 'must_change', true],
    [401, 'credentials', false],
    [401, 'code', false],
    [403, 'forbidden', false],
    [409, 'conflict', false],
  ])('%i %s turns away: %s', async (status, code, away) => {
    const { api } = before(json(status, { status, code, title: '不行' }))
    const watch = vi.fn()
    api.onTurnedAway(watch)
    const e = await failure(api.get('/me'))
    expect(e).toMatchObject({ status, code, message: '不行', temporary: false })
    expect(watch).toHaveBeenCalledTimes(away ? 1 : 0)
  })

  test('fields', async () => {
    const { api } = before(json(422, { status: 422, code: 'invalid', title: '太短', fields: [{ name: 'password', reason: '太短' }] }))
    const e = await failure(api.post('/me/password', { body: { old: 'a', new: 'b' } }))
    expect(e.fields).toEqual({ password: '太短' })
  })

  test('waiting', async () => {
    const { api } = before(json(429, { status: 429, code: 'locked', title: '锁定', retry_after: 58 }, { 'Retry-After': '60' }))
    expect((await failure(api.get('/me'))).retryAfter).toBe(58)
  })

  test.each([
    [502, '<html>Bad Gateway</html>', '服务器暂时没有响应，请稍后再试'],
    [500, '{"error":{"code":5000,"text":"系统出错了"}}', '系统出错了'],
    [404, 'not found', '请求没有成功，请重试'],
  ])('%i that is no problem JSON', async (status, body, text) => {
    const e = await failure(before(new Response(body, { status })).api.get('/me'))
    expect(e).toMatchObject({ status, code: 'broken', message: text })
  })

  test('errors of our own are not shown', () => {
    expect(textOf(new Error('x is undefined'))).toBe('出了点问题，请刷新页面后重试')
  })
})
