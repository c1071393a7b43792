/** The way into describe, loaded when something is described. */

export { gatherBackup } from './backup-facts.ts';
export { describeBackupJson } from './backup-json.ts';
export { describeBackup } from './backup.ts';
export { gatherRestore } from './restore-facts.ts';
export { describeRestore } from './restore.ts';
export { describeSchedule } from './schedule.ts';
