import { ElMessageBox } from 'element-plus/es/components/message-box/index'
import 'element-plus/es/components/message-box/style/css'

/** Asks before something that cannot be taken back, or hits somebody else. */
export async function confirmed(title: string, text: string, verb: string): Promise<boolean> {
  try {
    await ElMessageBox.confirm(text, title, { confirmButtonText: verb, cancelButtonText: '取消', autofocus: false })
    return true
  } catch {
    return false
  }
}
