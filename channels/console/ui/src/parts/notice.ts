// Short words at the top of the page, about something that was just done.

import { ElMessage } from 'element-plus/es/components/message/index'
import 'element-plus/es/components/message/style/css'
import { textOf } from '../api'

export const say = (text: string): void => void ElMessage({ message: text, type: 'success', duration: 2500, plain: true })

export const fail = (e: unknown): void => void ElMessage({ message: textOf(e), type: 'error', duration: 5000, plain: true })
