import { createBrowserRouter, type RouteObject } from 'react-router'
import { Failure } from './Failure'
import { NotFound } from './NotFound'
import { Shell } from './Shell'

/** pages load their code when they are opened; the server answers index.html for each of these paths. */
const pages: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import('../runs/RunsPage')).RunsPage }) },
  { path: 'runs/:name/:tab?', lazy: async () => ({ Component: (await import('../run/RunPage')).RunPage }) },
  { path: 'pull', lazy: async () => ({ Component: (await import('../pull/PullPage')).PullPage }) },
  { path: 'job', lazy: async () => ({ Component: (await import('../job/JobPage')).JobPage }) },
  { path: 'deliveries', lazy: async () => ({ Component: (await import('../deliveries/DeliveriesPage')).DeliveriesPage }) },
  { path: 'deliveries/:name', lazy: async () => ({ Component: (await import('../deliveries/DeliveryPage')).DeliveryPage }) },
  { path: 'help', lazy: async () => ({ Component: (await import('../help/HelpPage')).HelpPage }) },
  { path: 'config', lazy: async () => ({ Component: (await import('../config/ConfigPage')).ConfigPage }) },
  { path: 'login', lazy: async () => ({ Component: (await import('./LoginPage')).LoginPage }) },
  { path: '*', Component: NotFound },
]

export const router = createBrowserRouter([
  { Component: Shell, children: [{ ErrorBoundary: Failure, children: pages }], HydrateFallback: () => null },
])
