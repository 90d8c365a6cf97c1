import DownloadIcon from '@patternfly/react-icons/dist/esm/icons/download-icon'
import { runURL } from '../api/client'
import { Menu } from '../ui/Menu'

/** DownloadMenu leads to the log byte for byte: all of it, or that of a step. */
export function DownloadMenu({ run, step }: { run: string; step: string | undefined }) {
  return (
    <Menu label="Download" icon={<DownloadIcon />}>
      <Menu.Item href={runURL(run, 'log/raw', { download: 'true' })}>Download the whole log</Menu.Item>
      {step && <Menu.Item href={runURL(run, 'log/raw', { step, download: 'true' })}>Download {step}</Menu.Item>}
      {step && <Menu.Item href={runURL(run, 'log/raw', { step })}>Show {step} as plain text</Menu.Item>}
    </Menu>
  )
}
