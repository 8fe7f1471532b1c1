"""The audit log, which the database itself keeps append-only, and who runs a site."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

APPEND_ONLY = """
CREATE FUNCTION accounts_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on %: the audit log is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON accounts_auditrecord
  FOR EACH ROW EXECUTE FUNCTION accounts_audit_is_append_only();
"""
CHANGEABLE = """
DROP TRIGGER audit_append_only ON accounts_auditrecord;
DROP FUNCTION accounts_audit_is_append_only;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0041_no_credit_as_preset'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('actor_name', models.CharField(db_comment='e-mail, token or command, as it was', max_length=254)),
                ('via', models.CharField(choices=[('page', 'Page'), ('api', 'API'), ('command', 'Command')], max_length=7)),
                ('action', models.CharField(db_comment='what was done: `key.create`', max_length=60)),
                ('target_id', models.CharField(blank=True, max_length=254)),
                ('target_name', models.CharField(blank=True, db_comment='as it was called then', max_length=254)),
                ('reason', models.CharField(blank=True, max_length=500)),
                ('before', models.JSONField(null=True)),
                ('after', models.JSONField(null=True)),
                ('ip', models.GenericIPAddressField(null=True)),
                ('request_id', models.CharField(blank=True, max_length=40)),
                ('actor', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('organization', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.organization')),
                ('site', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='accounts.site')),
            ],
            options={
                'indexes': [models.Index(fields=['site', '-id'], name='audit_by_site'), models.Index(fields=['organization', '-id'], name='audit_by_organization'), models.Index(fields=['actor', '-id'], name='audit_by_actor'), models.Index(fields=['target_id', '-id'], name='audit_by_target')],
            },
        ),
        migrations.CreateModel(
            name='SiteStaff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('owner', 'Owner'), ('finance', 'Finance'), ('support', 'Support'), ('viewer', 'Viewer')], default='viewer', max_length=10)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('site', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staff', to='accounts.site')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='staff_of', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'user'), name='site_staff_once')],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, CHANGEABLE),
    ]
