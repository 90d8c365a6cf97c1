import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

const api = process.env.PHAROS_API ?? 'http://127.0.0.1:8090'

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2023',
    // A data: address would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1200,
    // What most pages share comes in three files instead of twenty.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'react', test: /node_modules\/(react|react-dom|scheduler|react-router|@tanstack\/(query-core|react-query)|openapi-fetch)\// },
            { name: 'patternfly', test: /node_modules/, minShareCount: 4 },
            { name: 'shared', test: /\/src\/(ui|api|app|runs|deliveries)\//, minShareCount: 3 },
          ],
        },
      },
    },
  },
  server: { proxy: { '/api': api, '/login': api, '/logout': api } },
  test: { include: ['src/**/*.test.{ts,tsx}'] },
})
