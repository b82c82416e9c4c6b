// The languages of the widget, apart from their texts, which the loader does not need.

export type Language = 'zh-CN' | 'zh-TW' | 'en'

/**
 * The language where neither the page nor its site says one. The bot speaks
 * Chinese, so the browser only chooses the script.
 */
export const usualLanguage = (browser: string): Language => pickLanguage(browser.replace(/^en/i, ''))

/** The nearest language there is; Chinese for those that are not. */
export function pickLanguage(...wanted: (string | undefined)[]): Language {
  for (const w of wanted) {
    const tag = (w || '').toLowerCase().replace('_', '-')
    if (/^zh-(tw|hk|mo|hant)/.test(tag)) return 'zh-TW'
    if (tag.startsWith('zh')) return 'zh-CN'
    if (tag.startsWith('en')) return 'en'
  }
  return 'zh-CN'
}
