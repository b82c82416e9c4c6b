// Which files may be sent. The server looks again, and closer.

const kinds = ('png jpg jpeg gif webp pdf doc docx xls xlsx ppt pptx txt csv mp3 m4a amr mp4').split(' ')
const largest = 10 * 1024 * 1024

/** What the file dialog offers. */
export const accepted = kinds.map((k) => '.' + k).join(',')
export const mostFiles = 9

/** Why a file cannot be sent; empty if it can. */
export function refusal(file: { name: string; type: string; size: number }): string {
  const ending = /\.([a-z0-9]{1,5})$/i.exec(file.name)?.[1]?.toLowerCase() ?? ''
  if (file.size === 0) return '文件是空的'
  if (file.size > largest) return '文件不能超过 10 MB'
  if (!kinds.includes(ending) && !/^image\/(png|jpeg|gif|webp)$/.test(file.type)) return '这种文件不能发送'
  return ''
}
