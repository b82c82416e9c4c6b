import vue from '@vitejs/plugin-vue'
import components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { defineConfig } from 'vitest/config'

// The server that the pages talk to while they are being worked on.
const server = process.env.FAQBOT_SERVER ?? 'http://127.0.0.1:8080'

export default defineConfig({
  base: '/console/',
  plugins: [
    vue(),
    // Components of Element Plus come one by one, where a template names them.
    components({ dirs: [], resolvers: [ElementPlusResolver({ importStyle: 'css' })], dts: 'src/components.d.ts' }),
  ],
  build: {
    target: ['es2020', 'chrome87', 'safari14', 'firefox78'],
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/console/api': { target: server, ws: true } } },
  test: { environment: 'jsdom', include: ['test/**/*.test.ts'] },
})
