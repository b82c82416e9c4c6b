// Times between messages.

const two = (n: number): string => String(n).padStart(2, '0')

/** 12:05, 昨天 12:05, 3月4日 12:05, 2025年3月4日 12:05 */
export function chatTime(millis: number, now = Date.now()): string {
  const d = new Date(millis)
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}`
  const midnight = (at: number): number => new Date(at).setHours(0, 0, 0, 0)
  const days = Math.round((midnight(now) - midnight(millis)) / 86_400_000)
  if (days === 0) return clock
  if (days === 1) return `昨天 ${clock}`
  const year = d.getFullYear() === new Date(now).getFullYear() ? '' : `${d.getFullYear()}年`
  return `${year}${d.getMonth() + 1}月${d.getDate()}日 ${clock}`
}
