import { createRouter, createWebHistory, type RouteRecordRaw } from 'vue-router'
import { api } from './api'
import { guard } from './guard'
import { gates, pages, type Page } from './routes'
import { know, session, signedOut } from './session'

declare module 'vue-router' {
  interface RouteMeta {
    title?: string
    page?: Page
  }
}

const record = (p: Page): RouteRecordRaw => ({ path: p.path, name: p.name, component: p.page, meta: { title: p.title, page: p } })

export const router = createRouter({
  history: createWebHistory('/console/'),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    ...gates.map((p) => ({ ...record(p), path: '/' + p.path })),
    {
      path: '/',
      component: () => import('./parts/ConsoleFrame.vue'),
      children: [
        { path: '', name: 'home', component: () => import('./pages/AccountPage.vue') }, // never seen: the guard sends on
        ...pages.map(record),
        { path: 'forbidden', name: 'forbidden', component: () => import('./pages/ForbiddenPage.vue'), meta: { title: '没有权限' } },
        { path: ':rest(.*)*', name: 'unknown', component: () => import('./pages/UnknownPage.vue'), meta: { title: '没有这个页面' } },
      ],
    },
  ],
})

router.beforeEach(async (to) => {
  await know()
  return guard({ name: to.name, fullPath: to.fullPath, query: to.query, right: to.meta.page?.right }, session.me)
})

router.afterEach((to) => {
  document.title = (to.meta.title ? to.meta.title + ' · ' : '') + '客服工作台'
})

// A session that ended while somebody was at work: back to where they were after
// signing in again.
api.onTurnedAway((e) => {
  const here = router.currentRoute.value
  if (e.code === 'must_change' && session.me) session.me.account.must_change = true
  else signedOut()
  if (here.name && here.meta.page && pages.includes(here.meta.page)) {
    void router.push(e.code === 'must_change' ? { name: 'password' } : { name: 'signin', query: { to: here.fullPath, ended: '1' } })
  }
})
