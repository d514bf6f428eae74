-- withdraw.sql: the room's open tasks whose cause is gone, and why (parameters in daemon/lib/rooms.h).
WITH asked AS (SELECT $3::jsonb), task_open AS (
    SELECT t.task_id, t.agency_id, t.step, t.cycle, t.priority, t.created_at, t.subjects[1] AS subject,
           split_part(t.subjects[1], ':', 1) AS kind, substr(t.subjects[1], strpos(t.subjects[1], ':') + 1) AS ext_id,
           t.assignee_id, regexp_replace(t.step, '_[0-9]+$', '') AS series
      FROM task t
     WHERE t.agency_id = $1::int AND t.worker = 'license_renewal' AND t.cycle IS NOT NULL
       AND t.state IN ('open', 'taken', 'snoozed')
), cause AS (
    SELECT t.task_id,
           CASE WHEN l.license_id IS NULL THEN 'the license is no longer on record'
                WHEN t.cycle <> l.expires_on THEN 'the license now runs to ' || to_char(l.expires_on,
                    'FMMonth FMDD, YYYY')
                WHEN s.status = 'surrendered' THEN 'the license was surrendered' || s.since
                WHEN s.status = 'renewed' AND t.series <> 'new_expiry' THEN 'the license was renewed' || s.since
                WHEN s.status <> 'renewed' AND t.series = 'new_expiry' THEN 'the license is no longer marked as renewed'
                WHEN s.status <> 'renewal_submitted' AND (t.series = 'ask_board' OR t.step LIKE 'pending%')
                THEN 'the renewal is no longer pending'
                -- Filed too late, it does not put anybody back on the schedule.
                WHEN s.status = 'renewal_submitted' AND NOT (t.series = 'ask_board' OR t.step LIKE 'pending%')
                     AND (l.status_on <= l.expires_on OR t.created_at::date < l.expires_on)
                THEN 'the renewal was filed' || s.since
                WHEN t.priority = 'urgent' AND NOT EXISTS (SELECT FROM license_radius(t.agency_id, l.license_id,
                    $2::date) x
                                                            WHERE x.kind = 'placement')
                THEN 'no live placement rests on the license any more'
                WHEN EXISTS (SELECT FROM task_open n WHERE n.subject = t.subject AND n.cycle = t.cycle
                                AND n.created_at > t.created_at AND (n.step, t.step) IN (
                                    ('call_14', 'check_30'), ('final_14', 'call_14'), ('final_14', 'check_30'),
                                    ('off_schedule', 'check_30'), ('off_schedule', 'call_14'), ('off_schedule',
                                        'final_14'),
                                    ('off_schedule', 'recruiter_45'), ('off_schedule_again', 'off_schedule'),
                                    ('leadership_0', 'leadership_7'), ('leadership_again', 'leadership_0'),
                                    ('pending_expired', 'pending_7'), ('pending_expired', 'off_schedule'),
                                    ('pending_expired', 'off_schedule_again')))
                THEN 'a newer task about the same license is open'
           END AS reason
      FROM task_open t
      LEFT JOIN license l ON l.agency_id = t.agency_id AND l.ext_id = t.ext_id
      LEFT JOIN LATERAL (SELECT license_status(l, $2::date) AS status,
                                coalesce(' on ' || to_char(l.status_on, 'FMMonth FMDD, YYYY'), '') AS since) s ON true
     WHERE t.kind = 'license'
    UNION ALL
    SELECT t.task_id,
           CASE WHEN r.state IS NULL THEN 'the pack no longer has this rule'
                WHEN r.as_of <> t.cycle THEN 'the rule was read again on ' || to_char(r.as_of, 'FMMonth FMDD, YYYY')
                WHEN license_rule_warning(r, $2::date) IS NULL THEN 'the rule is sure now' END
      FROM task_open t
      LEFT JOIN license_rule r ON r.agency_id = t.agency_id AND r.state || ' ' || r.type = t.ext_id
     WHERE t.kind = 'rule'
)
SELECT task_id, reason FROM cause WHERE reason IS NOT NULL
