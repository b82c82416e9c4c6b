// What all forms have in common: being sent, and what was wrong.

import { computed, onScopeDispose, reactive, ref } from 'vue'
import { ApiError, textOf } from './api'

/** Names are those of the fields that the form shows, or tell which they are; what
 * is wrong elsewhere is said above it. */
export function useForm(names: string[] | ((name: string) => boolean) = []) {
  const shows = typeof names === 'function' ? names : (name: string) => names.includes(name)
  const busy = ref(false)
  const trouble = ref('') // of the whole form
  const fields = reactive<Record<string, string>>({})
  const wait = useCountdown()

  function clear(): void {
    trouble.value = ''
    for (const name of Object.keys(fields)) delete fields[name]
  }

  /** Says what is wrong before anything is sent. */
  function reject(name: string, reason: string): void {
    fields[name] = reason
  }

  /** Sends, and shows why that failed. Returns whether it did not. */
  async function send(work: () => Promise<void>): Promise<boolean> {
    if (busy.value) return false
    clear()
    busy.value = true
    try {
      await work()
      return true
    } catch (e) {
      show(e)
      return false
    } finally {
      busy.value = false
    }
  }

  function show(e: unknown): void {
    const wrong = e instanceof ApiError ? Object.entries(e.fields).filter(([name]) => shows(name)) : []
    Object.assign(fields, Object.fromEntries(wrong))
    if (wrong.length === 0) trouble.value = textOf(e)
    if (e instanceof ApiError && e.retryAfter > 0) wait.start(e.retryAfter)
  }

  return { busy, trouble, fields, wait, clear, reject, send }
}

/** Counts seconds down. */
export function useCountdown() {
  const until = ref(0)
  const now = ref(0)
  let timer: ReturnType<typeof setInterval> | undefined
  const stop = () => {
    clearInterval(timer)
    timer = undefined
  }
  function tick(): void {
    now.value = Date.now()
    if (now.value >= until.value) stop()
  }
  function start(seconds: number): void {
    stop()
    until.value = Date.now() + seconds * 1000
    timer = setInterval(tick, 250)
    tick()
  }
  onScopeDispose(stop)
  const left = computed(() => Math.max(0, Math.ceil((until.value - now.value) / 1000)))
  return { left, start }
}
