import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createApp, h, nextTick } from 'vue'
import { usePolled } from '../src/board/polled'

let answers: (string[] | Error)[]
let refresh: () => Promise<void>
const read = vi.fn(async () => {
  const answer = answers.shift() ?? []
  if (answer instanceof Error) throw answer
  return answer
})
const look = (state: DocumentVisibilityState): void => void vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)

/** Shows a polled list until it is taken away. */
function shown(): { text: () => string | null; end: () => void } {
  const box = document.createElement('div')
  const app = createApp({
    setup() {
      const { list, refresh: again } = usePolled(read)
      refresh = again
      return () => h('p', list.value.join())
    },
  })
  app.mount(box)
  return { text: () => box.textContent, end: () => app.unmount() }
}
const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms)
  await nextTick()
}

beforeEach(() => {
  vi.useFakeTimers()
  read.mockClear()
  look('visible')
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

it('reads at once, again after a while, and no more when it is gone', async () => {
  answers = [['a'], ['a', 'b'], ['c']]
  const page = shown()
  await pass(0)
  expect(page.text()).toBe('a')
  await pass(30_000)
  expect(page.text()).toBe('a,b')
  await refresh()
  await nextTick()
  expect(page.text()).toBe('c')
  page.end()
  await pass(90_000)
  expect(read).toHaveBeenCalledTimes(3)
})

it('keeps what it has while the server is away', async () => {
  answers = [['a'], new Error('away'), ['b']]
  const page = shown()
  await pass(30_000)
  expect(page.text()).toBe('a')
  await pass(30_000)
  expect(page.text()).toBe('b')
  page.end()
})

it('does not ask while nobody looks', async () => {
  answers = [['a']]
  look('hidden')
  const page = shown()
  await pass(60_000)
  expect(read).not.toHaveBeenCalled()
  look('visible')
  await pass(30_000)
  expect(page.text()).toBe('a')
  page.end()
})
