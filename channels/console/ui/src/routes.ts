// All pages of the console. A page that others add is one line of the list; it
// appears in the menu if it says so, for those who have the right.

import type { Component } from 'vue'
import type { Right } from './api'
import type { IconName } from './parts/icons'

export interface Page {
  path: string // below /console/
  name: string
  title: string
  page: () => Promise<{ default: Component }>
  /** Needed to see it; without one everybody who has signed in may. */
  right?: Right
  /** With one it stands in the menu. */
  icon?: IconName
}

// In the order of the menu: 坐席, 看板, 留言, 员工, 设置, 公众号, 操作日志.
export const pages: Page[] = [
  { path: 'desk', name: 'desk', title: '坐席', icon: 'headset', right: 'desk.serve', page: () => import('./desk/DeskPage.vue') },
  { path: 'board', name: 'board', title: '看板', icon: 'board', right: 'desk.supervise', page: () => import('./board/BoardPage.vue') },
  { path: 'staff', name: 'staff', title: '员工', icon: 'people', right: 'staff.manage', page: () => import('./pages/StaffPage.vue') },
  { path: 'groups', name: 'groups', title: '技能组与坐席', icon: 'group', right: 'staff.manage', page: () => import('./setup/GroupsPage.vue') },
  { path: 'official', name: 'official', title: '公众号', icon: 'official', right: 'settings.manage', page: () => import('./official/OfficialPage.vue') },
  { path: 'audit', name: 'audit', title: '操作日志', icon: 'log', right: 'audit.read', page: () => import('./pages/AuditPage.vue') },
  { path: 'account', name: 'account', title: '我的账号', page: () => import('./pages/AccountPage.vue') },
]

/** Pages for those who have not signed in, or not quite. They have no frame. */
export const gates: Page[] = [
  { path: 'signin', name: 'signin', title: '登录', page: () => import('./pages/SignInPage.vue') },
  { path: 'setup', name: 'setup', title: '首次设置', page: () => import('./pages/SetupPage.vue') },
  { path: 'password', name: 'password', title: '修改密码', page: () => import('./pages/PasswordPage.vue') },
]

/** The pages of the menu for somebody with these rights. */
export const menuFor = (rights: readonly Right[], all: readonly Page[] = pages): Page[] =>
  all.filter((p) => p.icon && (!p.right || rights.includes(p.right)))

/** Where somebody with these rights begins. */
export const homeFor = (rights: readonly Right[], all: readonly Page[] = pages): string => menuFor(rights, all)[0]?.name ?? 'account'
