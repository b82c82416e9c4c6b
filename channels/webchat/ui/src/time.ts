// Times as people write them.

import type { Language, Texts } from './i18n'

const two = (n: number): string => String(n).padStart(2, '0')

const midnight = (d: Date): number => new Date(d.getFullYear(), d.getMonth(), d.getDate()).getTime()

/** 今天 09:05 · 昨天 22:10 · 6月3日 08:00 · 2025年6月3日 08:00 */
export function formatTime(at: number, now: number, texts: Texts, language: Language): string {
  const d = new Date(at)
  const clock = `${two(d.getHours())}:${two(d.getMinutes())}`
  const days = Math.round((midnight(new Date(now)) - midnight(d)) / 86_400_000)
  if (days === 0) return `${texts.today} ${clock}`
  if (days === -1) return `${texts.tomorrow} ${clock}`
  if (days === 1) return `${texts.yesterday} ${clock}`
  const sameYear = d.getFullYear() === new Date(now).getFullYear()
  if (language === 'en') {
    const day = d.toLocaleDateString('en', { month: 'short', day: 'numeric', ...(sameYear ? {} : { year: 'numeric' }) })
    return `${day}, ${clock}`
  }
  const day = `${d.getMonth() + 1}月${d.getDate()}日`
  return `${sameYear ? '' : `${d.getFullYear()}年`}${day} ${clock}`
}
