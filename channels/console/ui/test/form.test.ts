import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '../src/api'
import { useForm } from '../src/form'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const inScope = <T>(make: () => T): T => effectScope().run(make)!
const broken = (e: unknown) => async () => {
  throw e
}

test('what is wrong stands where it is shown', async () => {
  const form = inScope(() => useForm(['name']))
  await form.send(broken(new ApiError(422, 'invalid', '太短', { name: '太短' })))
  expect(form.fields).toEqual({ name: '太短' })
  expect(form.trouble.value).toBe('')
  await form.send(broken(new ApiError(422, 'invalid', '已开启', { totp: '已开启' })))
  expect(form.fields).toEqual({})
  expect(form.trouble.value).toBe('已开启')
})

test('a lock counts down', async () => {
  const { send, wait } = inScope(() => useForm())
  await send(broken(new ApiError(429, 'locked', '锁定', {}, 2)))
  expect(wait.left.value).toBe(2)
  vi.advanceTimersByTime(1000)
  expect(wait.left.value).toBe(1)
  vi.advanceTimersByTime(1500)
  expect(wait.left.value).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('a form is sent once at a time', async () => {
  const { send, busy } = inScope(() => useForm())
  let finish = () => {}
  const first = send(() => new Promise<void>((done) => (finish = done)))
  expect(busy.value).toBe(true)
  expect(await send(async () => {})).toBe(false)
  finish()
  expect(await first).toBe(true)
  expect(busy.value).toBe(false)
})
