import { defineConfig, type Plugin } from 'vite'

// Old built-in browsers (WeChat on old phones) are to understand the output.
const target = ['es2017', 'chrome64', 'safari12']

// The demo page is served at /, everything else below chat/. Its references are
// therefore one level deeper than those of frame.html.
function demoBelowRoot(): Plugin {
  return {
    name: 'demo-below-root',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const page = bundle['demo.html']
      if (page?.type === 'asset') page.source = String(page.source).replaceAll('"./assets/', '"chat/assets/')
    },
  }
}

// Two builds into one folder: the pages with files named by their content, and
// (--mode loader) widget.js, one classic script with a name that never changes.
export default defineConfig(({ mode }) => {
  const common = { target, cssTarget: target, assetsInlineLimit: 0, reportCompressedSize: false }
  if (mode === 'loader') {
    return {
      build: {
        ...common,
        emptyOutDir: false,
        copyPublicDir: false,
        lib: { entry: 'src/loader.ts', formats: ['iife'], name: 'faqbotLoader', fileName: () => 'widget.js' },
      },
    }
  }
  return {
    base: './',
    plugins: [demoBelowRoot()],
    build: {
      ...common,
      modulePreload: { polyfill: false },
      rollupOptions: { input: { frame: 'frame.html', demo: 'demo.html' } },
    },
    test: { environment: 'jsdom', include: ['test/**/*.test.ts'] },
  }
})
