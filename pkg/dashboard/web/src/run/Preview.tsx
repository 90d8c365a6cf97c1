import { Button } from '@patternfly/react-core'
import ExternalLinkAltIcon from '@patternfly/react-icons/dist/esm/icons/external-link-alt-icon'
import TimesIcon from '@patternfly/react-icons/dist/esm/icons/times-icon'
import { lazy, Suspense } from 'react'
import type { Artifact } from '../api/schema'
import { size } from '../log/words'
import { Loading } from '../ui/Loading'
import { artifactURL, baseOf, kindOfType } from './artifacts'
import { TextPreview } from './TextPreview'

const MarkdownPreview = lazy(async () => ({ default: (await import('./MarkdownPreview')).MarkdownPreview }))

interface PreviewProps {
  run: string
  path: string
  /** Absent for a file that the list did not reach yet. */
  known: Artifact | undefined
  onClose: () => void
}

/** Preview shows a file. What a job wrote is never trusted: pages run in a frame without rights, Markdown has no HTML. */
export function Preview({ run, path, known, onClose }: PreviewProps) {
  const url = artifactURL(run, path)
  return (
    <section className="card preview" aria-label={`File ${path}`}>
      <header>
        <h2 className="cut" title={path}>
          {baseOf(path)}
        </h2>
        {known && <span className="quiet num nowrap">{size(known.size)}</span>}
        <Button variant="plain" size="sm" component="a" href={url} aria-label="Open the file alone" icon={<ExternalLinkAltIcon />} />
        <Button variant="plain" size="sm" aria-label="Close the file" icon={<TimesIcon />} onClick={onClose} />
      </header>
      <Suspense fallback={<Loading />}>
        <Content run={run} path={path} type={known?.type ?? ''} bytes={known?.size} />
      </Suspense>
    </section>
  )
}

function Content({ run, path, type, bytes }: { run: string; path: string; type: string; bytes: number | undefined }) {
  const url = artifactURL(run, path)
  switch (kindOfType(type || guess(path), path)) {
    case 'image':
      return (
        <div className="picture">
          <img src={url} alt={baseOf(path)} />
        </div>
      )
    case 'page':
      return <iframe src={url} sandbox="" title={baseOf(path)} />
    case 'markdown':
      return <MarkdownPreview run={run} path={path} url={url} />
    case 'text':
      return <TextPreview url={url} path={path} bytes={bytes} />
    default:
      return (
        <p className="no-preview">
          This kind of file cannot be shown here. <a href={url}>Open or download it</a>
        </p>
      )
  }
}

/** guess is for files whose type the list has not told. */
function guess(path: string): string {
  if (/\.(png|jpe?g|gif|webp|svg|avif)$/i.test(path)) return 'image/*'
  if (/\.html?$/i.test(path)) return 'text/html'
  return /\.(txt|log|json|xml|ya?ml|csv|out|err)$/i.test(path) || !/\.[^/]+$/.test(path) ? 'text/plain' : ''
}
