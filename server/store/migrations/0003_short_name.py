from typing import Any

from django.db import migrations, models


def _fill(apps: Any, editor: Any) -> None:
    rows = editor.connection.cursor().execute("SELECT host_id, hostname FROM host").fetchall()
    named = [(name.lower().partition(".")[0], host_id) for host_id, name in rows]
    editor.connection.cursor().executemany("UPDATE host SET short_name=%s WHERE host_id=%s", named)


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0002_observed'),
    ]

    operations = [
        migrations.AddField(
            model_name='host',
            name='short_name',
            field=models.CharField(blank=True, default='', max_length=255),
        ),
        migrations.AddIndex(
            model_name='host',
            index=models.Index(fields=['short_name'], name='host_short_name'),
        ),
        migrations.RunPython(_fill, migrations.RunPython.noop),
    ]
