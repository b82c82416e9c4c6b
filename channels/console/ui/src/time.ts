// Times as people read them, in the zone of the browser.

const two = (n: number): string => String(n).padStart(2, '0')

/** 2026-03-04 12:05:06 */
export function fullTime(millis: number): string {
  const d = new Date(millis)
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`
}

/** 刚刚, 5 分钟前, 今天 12:05, 昨天 12:05, 3月4日, 2025年3月4日 */
export function nearTime(millis: number, now = Date.now()): string {
  const d = new Date(millis)
  const minutes = Math.floor((now - millis) / 60_000)
  if (minutes < 1) return '刚刚'
  if (minutes < 60) return `${minutes} 分钟前`
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}`
  const days = Math.round((midnight(now) - midnight(millis)) / 86_400_000)
  if (days === 0) return `今天 ${clock}`
  if (days === 1) return `昨天 ${clock}`
  const day = `${d.getMonth() + 1}月${d.getDate()}日`
  return d.getFullYear() === new Date(now).getFullYear() ? day : `${d.getFullYear()}年${day}`
}

const midnight = (millis: number): number => new Date(millis).setHours(0, 0, 0, 0)

/** 0:58, 12:05 */
export const clockOf = (seconds: number): string => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`

/** When a day such as 2026-03-04 begins, and when the next one does; 0 for none. */
export const dayStart = (day: string | null): number => (day ? new Date(day + 'T00:00:00').getTime() : 0)
export const dayEnd = (day: string | null): number => (day ? nextDay(new Date(dayStart(day))) : 0)

const nextDay = (d: Date): number => d.setDate(d.getDate() + 1)
