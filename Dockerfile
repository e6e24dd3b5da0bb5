FROM python:3.11-slim-bookworm

# Letters as PDF: Pango with harfbuzz-subset, and fonts of the size of Times New Roman. Version 1 of
# the fonts has no Vietnamese letters.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-liberation2 libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /srv/portal

COPY requirements.txt ./
RUN pip install --require-hashes --only-binary :all: -r requirements.txt

COPY . .

# What lasts is mounted into folders of var/; the rest of it goes with the container.
RUN useradd --system --uid 10001 --no-create-home portal \
    && mkdir -p var/files var/keys/ca var/keys/ocsp var/keys/tsa var/keys/archive var/checkpoints var/checkpoints-key \
    && chmod 700 var/keys/ca var/keys/ocsp var/keys/tsa var/keys/archive var/checkpoints-key \
    && SECRET_KEY=build FIELD_KEY=build FILE_KEY=build \
        python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q portal requests_app devices orgmerge \
    && chown -R portal: var
USER portal

EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", \
     "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--max-requests", "5000", \
     "--max-requests-jitter", "500"]
