import '@patternfly/patternfly/base/patternfly-variables.css'
import '@patternfly/patternfly/base/patternfly-common.css'
import '@patternfly/patternfly/base/patternfly-svg-icons.css'
import '../ui/base.css'
import '../ui/controls.css'
import '../ui/states.css'
import './app.css'
import { QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { RouterProvider } from 'react-router/dom'
import { queries } from '../api/queries'
import { router } from './routes'

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no #root')

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
