// The tags of the survey, by the number of stars.

import { choices, tables, type Texts } from './i18n'

const happyFrom = 4

// The server's tags may be in another language than the widget.
const everywhere = (name: 'surveyGood' | 'surveyBad') => Object.values(tables).flatMap((t) => choices(t[name]))
const good = new Set([...everywhere('surveyGood'), '说得清楚', '解决了问题', '态度很好'])
const bad = new Set([...everywhere('surveyBad'), '没有解决', '没解决', '想找人工', '看不懂', '响应很慢'])

/** The tags to choose from: praise for many stars, complaints for few, unknown words always. */
export function offeredTags(given: string[], stars: number, texts: Pick<Texts, 'surveyGood' | 'surveyBad'>): string[] {
  const happy = stars >= happyFrom
  if (given.length === 0) return choices(happy ? texts.surveyGood : texts.surveyBad)
  return given.filter((tag) => !(happy ? bad : good).has(tag.trim()))
}
