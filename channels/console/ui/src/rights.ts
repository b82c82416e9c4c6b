// Roles and rights in words.

import type { Right, Role } from './api'

const roles: Record<Role, { text: string; about: string }> = {
  admin: { text: '管理员', about: '管理员工和系统设置' },
  editor: { text: '知识编辑', about: '编写知识点' },
  reviewer: { text: '知识审核', about: '审核并发布知识点' },
  agent: { text: '坐席', about: '接待顾客' },
  supervisor: { text: '班长', about: '查看全部会话，接管、指导坐席，看现场看板' },
  auditor: { text: '审计', about: '查看操作日志，不能改动任何内容' },
}

const rights: Record<Right, string> = {
  'staff.manage': '管理员工',
  'settings.manage': '修改设置',
  'audit.read': '查看操作日志',
  'desk.serve': '接待顾客',
  'desk.supervise': '查看全部会话和看板，接管、指导',
  'phrases.share': '编辑公共快捷语',
  'knowledge.read': '查看内部知识',
  'knowledge.edit': '编辑知识',
  'knowledge.review': '审核和发布知识',
  'personal.read': '查看顾客完整的个人信息',
}

export const allRoles = Object.keys(roles) as Role[]
export const allRights = Object.keys(rights) as Right[]
export const roleText = (r: Role): string => roles[r]?.text ?? r
export const roleAbout = (r: Role): string => roles[r]?.about ?? ''
export const rightText = (r: Right): string => rights[r] ?? r
