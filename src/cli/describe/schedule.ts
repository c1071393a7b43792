/** The text of `schedule describe` (pkg/cmd/util/output/schedule_describer.go). */

import type { Schedule } from '../../api/schedule.ts';
import { goTime } from '../../lib/go-time.ts';
import type { Colours } from '../print/colour.ts';
import { Describer } from '../print/describer.ts';
import { describeBackupSpec } from './backup-spec.ts';
import { describeResourcePolicy, describeUploader, describeValidationErrors } from './backup.ts';

export function describeSchedule(schedule: Schedule, colours: Colours): string {
  const d = new Describer(colours);
  const { metadata, spec, status } = schedule;
  d.metadata(metadata);
  d.line();
  const phase = status?.phase || 'New';
  const coloured =
    phase === 'Enabled' ? colours.green(phase) : phase === 'FailedValidation' ? colours.red(phase) : phase;
  d.line(`Phase:\t${coloured}`);
  describeResourcePolicy(d, spec.template);
  describeUploader(d, spec.template);
  describeValidationErrors(d, status?.validationErrors);
  d.line();
  d.line(`Paused:\t${spec.paused ?? false}`);
  d.line();
  d.line(`Schedule:\t${spec.schedule}`);
  d.line();
  d.line('Backup Template:');
  d.prefix = '\t';
  describeBackupSpec(d, spec.template);
  d.prefix = '';
  d.line();
  d.line(`Last Backup:\t${status?.lastBackup ? goTime(status.lastBackup) : '<never>'}`);
  return d.render();
}
