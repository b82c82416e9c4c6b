// The log in words, and what a line of it changed.

import { allRights, allRoles, rightText, roleText } from './rights'

/** What may be chosen to see, by the beginning of its name. */
export const actGroups: { what: string; text: string }[] = [
  { what: 'session.', text: '登录与退出' },
  { what: 'password.', text: '密码' },
  { what: 'totp.', text: '两步验证' },
  { what: 'staff.', text: '员工' },
  { what: 'conversation.', text: '会话' },
  { what: 'group.', text: '技能组' },
  { what: 'seat.', text: '坐席' },
  { what: 'visitor.', text: '黑名单' },
  { what: 'official.', text: '公众号' },
  { what: 'audit.', text: '操作日志' },
]

const acts: Record<string, string> = {
  'staff.set_up': '首次设置',
  'staff.create': '新建员工',
  'staff.update': '修改员工',
  'staff.reset': '重置密码',
  'staff.end_sessions': '强制下线',
  'session.begin': '登录',
  'session.lock': '锁定登录',
  'session.end': '退出登录',
  'password.change': '修改密码',
  'totp.enable': '开启两步验证',
  'totp.disable': '关闭两步验证',
  'audit.export': '导出操作日志',
  'conversation.take_over': '接管会话',
  'conversation.transfer': '改派会话',
  'conversation.whisper': '发悄悄话',
  'group.save': '保存技能组',
  'group.drop': '删除技能组',
  'seat.save': '设置坐席',
  'seat.presence': '修改坐席状态',
  'official.save': '保存公众号',
  'official.drop': '删除公众号',
  'official.publish': '发布公众号菜单',
  'visitor.block': '拉黑访客',
  'visitor.unblock': '移出黑名单',
}

/** What was done; the name itself for those without words. */
export const actText = (what: string): string => acts[what] ?? what

const names: Record<string, string> = {
  name: '用户名',
  nick: '昵称',
  roles: '角色',
  extra: '额外权限',
  disabled: '停用',
  account: '账号',
  what: '操作',
  object: '对象',
  since: '从',
  until: '到',
  groups: '技能组',
  most: '同时接待',
  presence: '状态',
  channels: '渠道',
  categories: '分类',
  manual: '手动领取',
  direct: '直接接入',
  max_queue: '最多排队',
  owner: '接待人',
  kind: '类型',
  app_id: 'AppID',
  mode: '加解密方式',
  sends: '客服消息',
  menus: '可点菜单',
  region: '地区',
  level: '客户级别',
  events: '事件规则',
  menu: '菜单',
  replaced: '更换了密钥',
}

export interface Change {
  name: string
  before: string
  after: string
  kind: 'added' | 'removed' | 'changed'
}

/** What differs between two JSON texts, each of which may be empty. */
export function changes(before: string, after: string): Change[] {
  const [a, b] = [flat(before), flat(after)]
  const keys = [...new Set([...a.keys(), ...b.keys()])]
  return keys.flatMap((key): Change[] => {
    const [x, y] = [a.get(key) ?? '', b.get(key) ?? '']
    if (x === y) return []
    return [{ name: nameOf(key), before: x, after: y, kind: x === '' ? 'added' : y === '' ? 'removed' : 'changed' }]
  })
}

/** The name that an account in a JSON text is shown by. */
export const nickIn = (text: string): string | undefined => flat(text).get('nick')

const nameOf = (path: string): string => path.split('.').map((part) => names[part] ?? part).join(' › ')

/** The values of a JSON text by their paths, as people read them. */
function flat(text: string): Map<string, string> {
  const values = new Map<string, string>()
  if (text === '') return values
  try {
    walk(JSON.parse(text), '', values)
  } catch {
    values.set('内容', text)
  }
  return values
}

function walk(value: unknown, path: string, values: Map<string, string>): void {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
    for (const [key, inner] of Object.entries(value)) walk(inner, path ? path + '.' + key : key, values)
  } else {
    values.set(path || '内容', words(value))
  }
}

function words(value: unknown): string {
  if (value === true) return '是'
  if (value === false) return '否'
  if (value === null || value === undefined) return ''
  if (Array.isArray(value)) return value.map(words).join('、')
  if (typeof value === 'object') return JSON.stringify(value)
  const text = String(value)
  const role = allRoles.find((r) => r === text)
  if (role) return roleText(role)
  const right = allRights.find((r) => r === text)
  return right ? rightText(right) : text
}
